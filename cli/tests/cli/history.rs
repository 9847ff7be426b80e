//! `convolve history`.

use crate::sandbox::Sandbox;

#[test]
fn a_history_is_tabulated_and_drawn() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "h.json",
        r#"{"loss": [2, 1, 0.5], "accuracy": [0.5, 0.75, 1], "val_loss": [1, 1, 1], "val_accuracy": [0, 0, 1],
            "learning_rate": [0.0009049456272928906, 0.0003, 5.542105173672596e-10]}"#,
    );
    let ran = sandbox.run("history h.json --plot h.svg");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    for words in ["epoch", "0.7500", "9.05e-4", "3.00e-4", "5.54e-10"] {
        assert!(ran.stdout.contains(words), "no `{words}` in {}", ran.stdout);
    }
    let svg = std::fs::read_to_string(sandbox.path("h.svg")).expect("a picture");
    roxmltree::Document::parse(&svg).expect("XML");
    for words in ["accuracy over 3 epochs", "loss over 3 epochs", "validation", "training"] {
        assert!(svg.contains(words), "no `{words}`");
    }
    assert_eq!(
        svg.matches("<circle").count(),
        4 * 3 + 4,
        "four curves of three points, four lines of legends"
    );
    assert_eq!(sandbox.run("history h.json --plot h.png").code, 0);
    assert!(std::fs::read(sandbox.path("h.png")).expect("a picture").starts_with(b"\x89PNG"));
}

#[test]
fn what_is_no_history_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.refuses("history none.json", &["cannot read `none.json`"]);
    sandbox.file("h.csv", "epoch,loss\n1,2\n");
    sandbox.refuses("history h.csv", &["`h.csv` is no history"]);
    sandbox.file("h.json", r#"{"loss": [2]}"#);
    sandbox.refuses("history h.json --plot h.gif", &["h.gif", ".svg"]);
    sandbox.file("h.json", r#"{"accuracy": [1]}"#);
    sandbox.refuses("history h.json", &["`h.json`", "no `loss`"]);
}
