//! Arrays that NumPy wrote (`fixtures/generate.py`), and files that are not such arrays.

use std::fs;
use std::path::{Path, PathBuf};

use convolve_runtime::random::mix;
use convolve_train::data::{Arrays, Dataset as _, Part, numpy, open};

fn fixture(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")).join(name)
}

/// All inputs and all targets.
fn everything(data: &Arrays) -> (Vec<f32>, Vec<f32>) {
    let (mut inputs, mut targets) = (Vec::new(), Vec::new());
    let mut input = vec![0.0; data.input_shape().iter().product()];
    let mut target = vec![0.0; data.target_len()];
    for index in 0..data.len() {
        data.read(index, 0, &mut input, &mut target);
        inputs.extend_from_slice(&input);
        targets.extend_from_slice(&target);
    }
    (inputs, targets)
}

/// What the script puts into `count` elements: `element % 7` and what is added to it.
fn numbers(count: usize, add: i32) -> Vec<f32> {
    (0..count).map(|element| ((element % 7) as i32 + add) as f32).collect()
}

fn scaled(numbers: Vec<f32>) -> Vec<f32> {
    numbers.into_iter().map(|number| number / 255.0).collect()
}

#[test]
fn archives_are_read() {
    for part in [Part::Train, Part::Test] {
        let data = numpy::open(&fixture("stored.npz"), part).expect("x and y");
        assert_eq!((data.len(), data.input_shape(), data.target_len()), (4, [2, 3, 2], 1));
        assert_eq!(everything(&data), (numbers(48, -2), numbers(4, -2)));
    }
    for (part, examples) in [(Part::Train, 5), (Part::Test, 2)] {
        let data = open(&fixture("keras.npz"), part, None).expect("the part");
        assert_eq!((data.len(), data.input_shape(), data.target_len()), (examples, [3, 4, 1], 1));
        assert_eq!(everything(&data), (scaled(numbers(12 * examples, 0)), numbers(examples, 0)));
    }
}

#[test]
fn every_type_is_read() {
    for (name, add) in [
        ("little_f8", -2),
        ("big_f4", -2),
        ("little_f2", -2),
        ("little_i4", -2),
        ("big_i2", -2),
        ("i1", -2),
        ("little_u2", 0),
        ("big_u4", 0),
        ("little_u8", 0),
    ] {
        let file = fixture(&format!("{name}.npy"));
        let data = numpy::open_two(&file, &file).expect("the same as inputs and targets");
        assert_eq!((data.len(), data.input_shape(), data.target_len()), (3, [2, 2, 1], 4), "{name}");
        assert_eq!(everything(&data), (numbers(12, add), numbers(12, add)), "{name}");
    }
    let bytes = fixture("u1.npy");
    let data = numpy::open_two(&bytes, &bytes).expect("bytes");
    assert_eq!(everything(&data), (scaled(numbers(12, 0)), numbers(12, 0)));
    let booleans = fixture("b1.npy");
    let data = numpy::open_two(&booleans, &booleans).expect("booleans");
    let expected: Vec<f32> = (0..12).map(|element| (element % 2) as f32).collect();
    assert_eq!(everything(&data), (expected.clone(), expected));
}

#[test]
fn arrays_whose_first_axis_is_fastest_are_turned() {
    let data = numpy::open_two(&fixture("fortran.npy"), &fixture("fortran_u1.npy")).expect("two arrays");
    assert_eq!(everything(&data), (numbers(24, -2), numbers(24, 0)));
}

#[test]
fn what_is_no_array_of_numbers_is_refused() {
    let good = fixture("u1.npy");
    for (name, words) in [
        ("complex.npy", "expected an array of real numbers or booleans, found `<c8`"),
        ("records.npy", "found records"),
        ("grey.png", "at byte 0: expected an .npy file"),
        ("nan.npy", "found NaN in example 2"),
        ("nowhere.npy", "nowhere.npy: expected an .npy file"),
    ] {
        let error = numpy::open_two(&good, &fixture(name)).expect_err(name).to_string();
        assert!(error.contains(words), "{error}");
        assert!(error.contains(name), "{error}");
    }
    let error = numpy::open(&good, Part::Train).expect_err("no archive").to_string();
    assert!(error.contains("u1.npy: expected an .npz archive"), "{error}");
}

#[test]
fn arrays_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = |from: &str, to: &str| fs::copy(fixture(from), folder.path().join(to)).expect("copied");
    copy("u1.npy", "x.npy");
    let error = open(folder.path(), Part::Train, None).expect_err("no y.npy").to_string();
    assert!(error.contains("y.npy: expected an .npy file"), "{error}");
    copy("little_i4.npy", "y.npy");
    assert_eq!(open(folder.path(), Part::Train, None).expect("both").len(), 3);

    let written = |name: &str, shape: &str, floats: usize| {
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.bytes());
        file.resize(file.len() + 4 * floats, 0);
        let path = folder.path().join(name);
        fs::write(&path, file).expect("written");
        path
    };
    let inputs = written("a.npy", "(6,)", 6);
    for (shape, floats, words) in [
        ("(7,)", 7, "expected as many targets as there are inputs, 6, found targets of shape [7]"),
        ("()", 1, "found targets of shape []"),
        ("(6, 0)", 0, "expected a target for each of the 6 inputs"),
        ("(6,)", 5, "expected 24 bytes of an array, found the end of the file after 20 of them"),
        ("(6,)", 7, "expected the end of the file, found more bytes"),
        ("(6, 99999999999, 99999999999)", 1, "expected an array that fits in memory"),
        ("(6, 4000000000)", 1, "after 4 of them"),
        ("(-6,)", 6, "expected a shape of whole numbers, found `-6`"),
        ("6", 6, "expected a shape in parentheses"),
    ] {
        let targets = written("b.npy", shape, floats);
        let error = numpy::open_two(&inputs, &targets).expect_err(shape).to_string();
        assert!(error.contains(words), "{error}");
    }
    for shape in ["(0,)", "(1, 1, 1, 1, 1)"] {
        let inputs = written("b.npy", shape, usize::from(shape != "(0,)"));
        assert!(numpy::open_two(&inputs, &inputs).is_err(), "{shape}");
    }
}

#[test]
fn an_archive_without_the_arrays_lists_what_it_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("renamed.npz");
    let mut bytes = fs::read(fixture("keras.npz")).expect("the archive");
    // A name stands before what it names, and in the archive's directory.
    let name = b"y_train";
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(name)).collect();
    assert_eq!(places.len(), 2);
    places.into_iter().for_each(|at| bytes[at] = b'z');
    fs::write(&path, bytes).expect("written");
    assert!(numpy::open(&path, Part::Test).is_ok());
    let error = numpy::open(&path, Part::Train).expect_err("no y_train").to_string();
    let words = "expected the arrays `x_train` and `y_train`, or `x` and `y`, found \
                 `x_test.npy`, `x_train.npy`, `y_test.npy`, `z_train.npy`";
    assert!(error.ends_with(words), "{error}");
}

/// Files cut anywhere are refused; files with changed bytes are refused or read.
#[test]
fn no_bytes_make_it_panic() {
    for name in ["u1.npy", "fortran.npy", "stored.npz", "keras.npz"] {
        let bytes = fs::read(fixture(name)).expect("a fixture");
        let read = |bytes: &[u8]| {
            // Anew each time: some file systems wait for the disk when a file is written over.
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("file");
            fs::write(&path, bytes).expect("written");
            let archive = || numpy::open(&path, Part::Train);
            if name.ends_with("z") { archive() } else { numpy::open_two(&path, &path) }
        };
        assert!(read(&bytes).is_ok(), "{name}");
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "{name} cut at {end}");
        }
        for case in 0..300 {
            let mut bytes = bytes.clone();
            for change in 0..1 + case % 3 {
                let random = mix(mix(case) ^ mix(change));
                let at = random as usize % bytes.len();
                bytes[at] = (random >> 56) as u8;
            }
            if let Ok(data) = read(&bytes) {
                everything(&data);
            }
        }
    }
}
