//! What all commands share: completions, colours, exit codes, output for programs.

use std::process::Command;

use serde_json::Value;

use crate::sandbox::{Sandbox, specs};

const BAD: &str = "name: Bad\ninput: [4, 4, 1]\nlayers:\n  - relo\n  - relu: { name: kept, from: input }\n";

/// Runs it with one more variable of the environment, and gives stderr.
fn stderr(sandbox: &Sandbox, arguments: &str, variables: &[(&str, &str)]) -> String {
    let mut command = sandbox.command();
    command.args(arguments.split(' ')).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    let output = command.envs(variables.iter().copied()).output().expect("the command");
    String::from_utf8(output.stderr).expect("UTF-8")
}

#[test]
fn messages_have_colours_where_they_are_wanted() {
    let sandbox = Sandbox::new();
    sandbox.file("bad.yaml", BAD);
    let plain = stderr(&sandbox, "check bad.yaml", &[]);
    assert!(
        plain.starts_with("error[C0401]: ") && !plain.contains('\x1b'),
        "a pipe is no terminal: {plain:?}"
    );
    let painted = stderr(&sandbox, "check bad.yaml --color always", &[]);
    assert!(painted.starts_with("\x1b[1m\x1b[31merror"), "{painted:?}");
    assert!(anstream::adapter::strip_str(&painted).to_string() == plain, "{painted:?}");
    assert_eq!(stderr(&sandbox, "--color never check bad.yaml", &[("CLICOLOR_FORCE", "1")]), plain);
    assert_eq!(stderr(&sandbox, "check bad.yaml", &[("CLICOLOR_FORCE", "1")]), painted);
    assert_eq!(stderr(&sandbox, "check bad.yaml", &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), plain);
}

#[test]
fn exit_codes_are_what_help_says() {
    let sandbox = Sandbox::new();
    let help = sandbox.run("--help").stdout;
    for line in [
        "  0  done",
        "  1  something is wrong with a file",
        "  2  the command line is wrong",
        "  130  Ctrl-C",
    ] {
        assert!(help.contains(line), "no `{line}` in:\n{help}");
    }
    sandbox.file("bad.yaml", BAD);
    let codes =
        ["--help", "check bad.yaml", "check bad.yaml --color sometimes"].map(|call| sandbox.run(call).code);
    assert_eq!(codes, [0, 1, 2]);
}

#[test]
fn every_shell_gets_every_command() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        let ran = sandbox.run(&format!("completions {shell}"));
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        for command in ["check", "explain", "summary", "receptive-field", "memory", "train", "completions"] {
            assert!(ran.stdout.contains(command), "no {command} for {shell}");
        }
    }
    assert_eq!(sandbox.run("completions tcl").code, 2);
}

#[cfg(unix)]
#[test]
fn bash_completes_commands_and_values() {
    let sandbox = Sandbox::new();
    sandbox.file("convolve.bash", sandbox.run("completions bash").stdout);
    let complete = |words: &str| {
        let last = words.split(' ').count() - 1;
        let script = format!(
            "set -e; source convolve.bash; COMP_WORDS=({words}); COMP_CWORD={last}; \
             _convolve convolve \"${{COMP_WORDS[{last}]}}\" \"${{COMP_WORDS[{last}-1]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        let output = Command::new("bash").args(["-c", &script]).current_dir(sandbox.path("")).output();
        let output = output.expect("bash");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    assert_eq!(complete("convolve gra"), "graph\n");
    assert_eq!(complete("convolve graph --for"), "--format\n");
    assert_eq!(complete("convolve graph --format m"), "mermaid\n");
    assert_eq!(complete("convolve explain C080"), "C0801 C0802\n");
}

/// What a command gives on a terminal, which util-linux's `script` is.
#[cfg(target_os = "linux")]
fn on_a_terminal(sandbox: &Sandbox, arguments: &str) -> String {
    let command = format!("{} {arguments}", env!("CARGO_BIN_EXE_convolve"));
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .current_dir(sandbox.path(""))
        .env("TERM", "xterm")
        .stdin(std::process::Stdio::null())
        .output()
        .expect("`script`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A bench takes two seconds, of which the bar may have the second.
#[cfg(target_os = "linux")]
#[test]
fn who_waits_is_told_on_a_terminal_alone() {
    let sandbox = Sandbox::new();
    sandbox.file("net.yaml", "input: [8]\nlayers:\n  - relu\n");
    let told = on_a_terminal(&sandbox, "bench net.yaml");
    let (bar, table) = told.rsplit_once("\x1b[2K").expect("what takes the bar away");
    assert!(bar.contains("timing ") && !bar.contains("prediction"), "{told:?}");
    assert!(table.contains("prediction") && !table.contains("timing "), "{told:?}");
    assert!(!on_a_terminal(&sandbox, "bench net.yaml --format json").contains("timing "));
    let ran = sandbox.run("bench net.yaml");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

#[test]
fn every_command_that_prints_results_has_a_form_for_programs() {
    let sandbox = Sandbox::new();
    let help = sandbox.run("--help").stdout;
    let (_, commands) = help.split_once("Commands:\n").expect("the commands");
    let (commands, _) = commands.split_once("\n\n").expect("their end");
    let names =
        commands.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let without: Vec<&str> = names
        .filter_map(|line| line.split(' ').next())
        .filter(|name| *name != "help" && !sandbox.run(&format!("{name} --help")).stdout.contains("json"))
        .collect();
    // An explanation is for people; Rust, a page and a script are for programs already.
    assert_eq!(without, ["explain", "expand", "report", "completions"]);
}

#[test]
fn a_check_tells_programs_what_is_wrong_and_where() {
    let sandbox = Sandbox::new();
    sandbox.file("bad.yaml", BAD);
    sandbox
        .file("good.yaml", BAD.replace("relo", "relu").replace("Bad", "Good").replace(", from: input", ""));
    let ran = sandbox.run("check good.yaml bad.yaml none.yaml --format json");
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    let object: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let [good, bad, none] = &object["files"].as_array().expect("files")[..] else { panic!("{object}") };
    assert_eq!((&good["ok"], &good["network"]), (&Value::from(true), &Value::from("Good")));
    let mistake = &bad["diagnostics"][0];
    assert_eq!((&bad["ok"], &mistake["severity"]), (&Value::from(false), &Value::from("error")));
    assert_eq!(mistake["code"], "C0401");
    assert_eq!((&mistake["line"], &mistake["column"]), (&Value::from(4), &Value::from(5)));
    assert!(mistake["helps"].to_string().contains("relu"), "{mistake}");
    assert_eq!(none["diagnostics"][0]["code"], "C0901");
    assert!(none["diagnostics"][0]["message"].to_string().contains("none.yaml"), "{none}");
}

#[test]
fn a_summary_tells_programs_the_same_as_people() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&format!("summary {} --format json", specs().join("mnist.yaml").display()));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let object: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((&object["parameters"], &object["macs"]), (&Value::from(421_642), &Value::from(4_241_152)));
    let layers = object["layers"].as_array().expect("layers");
    let conv2 = layers.iter().find(|layer| layer["name"] == "conv2").expect("a layer");
    assert_eq!(conv2["output"], Value::from(vec![14, 14, 64]));
    assert_eq!(
        (&conv2["parameters"], &conv2["receptive_field"]),
        (&Value::from(18_496), &Value::from("8×8"))
    );
    let decisions = object["decisions"].as_array().expect("decisions");
    assert!(decisions.iter().any(|decision| decision["pass"] == "winograd" && decision["done"] == true));
}
