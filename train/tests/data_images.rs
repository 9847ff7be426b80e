//! Folders of images, and images with masks. The images are fixtures that `fixtures/generate.py` wrote.

use std::fs;
use std::path::{Path, PathBuf};

use convolve_train::data::pairs::Masks;
use convolve_train::data::{Arrays, DataError, Dataset as _, Part, class_counts, folder, open, pairs};
use tempfile::TempDir;

const GREY: [u8; 6] = [0, 51, 102, 153, 204, 255];
const COLOURS: [u8; 18] = [255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 51, 51, 51, 255, 255, 255];

/// A folder with copies of fixtures at these places.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (place, from) in files {
        put(folder.path(), place, &fixture(from));
    }
    folder
}

fn put(folder: &Path, place: &str, bytes: &[u8]) {
    let path = folder.join(place);
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(path, bytes).expect("written");
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"));
    fs::read(folder.join(name)).expect("a fixture")
}

fn example(data: &Arrays, index: usize) -> (Vec<f32>, Vec<f32>) {
    let mut input = vec![0.0; data.input_shape().iter().product()];
    let mut target = vec![0.0; data.target_len()];
    data.read(index, 0, &mut input, &mut target);
    (input, target)
}

fn scaled(bytes: &[u8]) -> Vec<f32> {
    bytes.iter().map(|byte| f32::from(*byte) / 255.0).collect()
}

#[track_caller]
fn refused(result: Result<Arrays, DataError>, path: &str, words: &str) {
    let error = result.expect_err(words);
    assert!(error.path.as_ref().is_some_and(|found| found.ends_with(path)), "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn classes_are_sorted_folders() {
    let tree = tree(&[
        ("dog/2.png", "classes.png"),
        ("dog/1.PNG", "grey.png"),
        ("cat/a.png", "mask.png"),
        ("cat/.hidden", "u1.npy"),
        (".cache/x.png", "colours.png"),
    ]);
    for data in [folder::open(tree.path(), None), open(tree.path(), Part::Train, None)] {
        let data = data.expect("three images");
        assert_eq!((data.len(), data.input_shape(), data.target_len()), (3, [2, 3, 1], 1));
        assert_eq!(data.classes(), ["cat", "dog"]);
        assert_eq!(example(&data, 0), (scaled(&[0, 255, 0, 255, 255, 0]), vec![0.0]));
        assert_eq!(example(&data, 1), (scaled(&GREY), vec![1.0]));
        let counts = class_counts(&data).expect("class indices");
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), [(0, 1), (1, 2)]);
    }
}

#[test]
fn images_take_the_shape_that_is_asked_for() {
    let tree = tree(&[("a/grey.png", "grey.png"), ("b/colours.png", "colours.png")]);
    let data = folder::open(tree.path(), Some([2, 3, 3])).expect("colours");
    assert_eq!(example(&data, 0).0, scaled(&GREY.map(|grey| [grey; 3]).concat()));
    assert_eq!(example(&data, 1).0, scaled(&COLOURS));
    let data = folder::open(tree.path(), Some([2, 3, 4])).expect("with opacity");
    assert_eq!(example(&data, 0).0[3], 1.0);
    let data = folder::open(tree.path(), Some([2, 3, 1])).expect("grey");
    // Grey stays what it was; of the colours, green is the brightest and blue the darkest.
    let grey = example(&data, 1).0;
    assert_eq!(grey[3..], scaled(&[0, 51, 255]));
    assert!(grey[1] > grey[0] && grey[0] > grey[2], "{grey:?}");
    // Twice the size: the mean stays.
    let data = open(tree.path(), Part::Train, Some([4, 6, 1])).expect("resized");
    let large = example(&data, 0).0;
    assert_eq!(large.len(), 24);
    assert!((large.iter().sum::<f32>() / 24.0 - 0.5).abs() < 0.01, "{large:?}");
    // A corner has no neighbours outside to be mixed with.
    assert_eq!((large[0], large[23]), (0.0, 1.0));
    refused(
        folder::open(tree.path(), None),
        "b/colours.png",
        "expected 2×3 pixels, grey as in the first image",
    );
    for shape in [[2, 3, 2], [2, 3, 0], [0, 3, 1], [usize::MAX, 3, 1]] {
        assert!(folder::open(tree.path(), Some(shape)).is_err(), "{shape:?}");
    }
}

#[test]
fn jpegs_are_read() {
    let tree = tree(&[("a/1.png", "grey.png")]);
    let flat = image::GrayImage::from_pixel(3, 2, image::Luma([99]));
    fs::create_dir(tree.path().join("b")).expect("made");
    flat.save(tree.path().join("b/1.jpg")).expect("written");
    let data = folder::open(tree.path(), None).expect("both");
    let (input, target) = example(&data, 1);
    assert_eq!(target, [1.0]);
    assert!(input.iter().all(|value| (value * 255.0 - 99.0).abs() < 2.0), "{input:?}");
}

#[test]
fn images_without_a_label_and_classes_without_images_are_refused() {
    let tree = tree(&[("a/1.png", "grey.png"), ("b/1.png", "grey.png"), ("c.png", "grey.png")]);
    let path = tree.path();
    refused(open(path, Part::Train, None), "c.png", "a file without a label");
    fs::remove_file(path.join("c.png")).expect("removed");
    fs::create_dir(path.join("c")).expect("made");
    refused(folder::open(path, None), "c", "expected images, PNG or JPEG, in this folder, found none");
    put(path, "c/readme.txt", b"words");
    refused(folder::open(path, None), "c", "only images, PNG or JPEG, in this folder, found `readme.txt`");
    fs::remove_dir_all(path.join("c")).expect("removed");
    fs::remove_dir_all(path.join("b")).expect("removed");
    refused(folder::open(path, None), "", "expected two folders or more, one for each class, found 1");
    refused(folder::open(&path.join("nowhere"), None), "nowhere", "expected a folder");
}

#[test]
fn corrupt_images_are_refused_wherever_they_end() {
    let tree = tree(&[("a/1.png", "grey.png"), ("b/1.png", "grey.png")]);
    let whole = fixture("grey.png");
    // The last chunk, of twelve bytes, says that it is the last; nothing of the image is missing without it.
    for end in 0..whole.len() - 12 {
        put(tree.path(), "b/1.png", &whole[..end]);
        refused(folder::open(tree.path(), None), "b/1.png", "expected a PNG or JPEG image");
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        put(tree.path(), "b/1.png", &bytes);
        if let Ok(data) = folder::open(tree.path(), None) {
            assert_eq!(data.len(), 2);
        }
    }
}

#[test]
fn masks_are_two_values_or_classes() {
    let tree = tree(&[
        ("images/1.png", "grey.png"),
        ("images/2.png", "classes.png"),
        ("masks/1.png", "mask.png"),
        ("masks/2.png", "mask.png"),
    ]);
    let [images, masks] = ["images", "masks"].map(|name| tree.path().join(name));
    let target = |kind| example(&pairs::open(&images, &masks, kind, None).expect("pairs"), 1).1;
    let binary = [0.0, 1.0, 0.0, 1.0, 1.0, 0.0];
    assert_eq!(target(Masks::Guess), binary);
    assert_eq!(target(Masks::Binary), binary);
    assert_eq!(target(Masks::Classes), binary.map(|value| 255.0 * value));
    let data = open(tree.path(), Part::Train, None).expect("pairs");
    assert_eq!((data.len(), data.input_shape(), data.target_len()), (2, [2, 3, 1], 6));
    assert_eq!(example(&data, 0), (scaled(&GREY), binary.to_vec()));

    put(tree.path(), "masks/2.png", &fixture("classes.png"));
    assert_eq!(target(Masks::Guess), [0.0, 1.0, 2.0, 2.0, 1.0, 0.0]);
    assert_eq!(target(Masks::Binary), [0.0; 6]);
    // Resized masks have the classes that they had.
    let data = open(tree.path(), Part::Train, Some([4, 6, 3])).expect("resized");
    assert_eq!((data.input_shape(), data.target_len()), ([4, 6, 3], 24));
    assert_eq!(example(&data, 1).1[..6], [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]);

    // What a palette has in its place are colours, not indices.
    put(tree.path(), "masks/2.png", &fixture("palette.png"));
    let palette = pairs::open(&images, &masks, Masks::Guess, None);
    refused(palette, "masks/2.png", "expected a mask of class indices as a grey PNG of 8 bits, found Rgb8");
}

#[test]
fn images_and_masks_that_do_not_pair_are_refused() {
    let files = [
        ("images/1.png", "grey.png"),
        ("images/2.png", "grey.png"),
        ("masks/1.png", "mask.png"),
        ("masks/2.png", "mask.png"),
    ];
    let read = |tree: &TempDir| open(tree.path(), Part::Train, None);
    let without = |index: usize| tree(&[&files[..index], &files[index + 1..]].concat());
    refused(read(&without(3)), "images/2.png", "expected a mask for it in ");
    refused(read(&without(1)), "masks/2.png", "expected an image for it in ");

    let tree = tree(&files);
    image::GrayImage::new(3, 3).save(tree.path().join("masks/2.png")).expect("written");
    refused(read(&tree), "masks/2.png", "expected 2×3 pixels, as ");
    put(tree.path(), "masks/2.png", b"");
    refused(read(&tree), "masks/2.png", "expected a PNG or JPEG image");
    put(tree.path(), "masks/2.jpg", &fixture("mask.png"));
    refused(read(&tree), "masks/2.png", "expected names that differ without their endings");
    fs::remove_dir_all(tree.path().join("masks")).expect("removed");
    fs::create_dir(tree.path().join("masks")).expect("made");
    refused(read(&tree), "masks", "expected images, PNG or JPEG, in this folder, found none");
}

#[test]
fn parts_have_folders_of_their_own() {
    let tree = tree(&[
        ("train/a/1.png", "grey.png"),
        ("train/b/1.png", "grey.png"),
        ("train/b/2.png", "grey.png"),
        ("test/a/1.png", "grey.png"),
        ("test/b/1.png", "grey.png"),
    ]);
    assert_eq!(open(tree.path(), Part::Train, None).expect("to learn from").len(), 3);
    assert_eq!(open(tree.path(), Part::Test, None).expect("to test with").len(), 2);
    fs::remove_dir_all(tree.path().join("test")).expect("removed");
    refused(open(tree.path(), Part::Test, None), "", "expected a folder `test` beside `train`");
}

#[test]
fn what_is_no_data_is_told_what_would_be() {
    let empty = tempfile::tempdir().expect("a folder");
    let error = open(empty.path(), Part::Train, None).expect_err("nothing there").to_string();
    for word in [".npz", "train-images-idx3-ubyte", "x.npy", "`masks`", "class", "`test`", "none of these"] {
        assert!(error.contains(word), "{error}");
    }
    put(empty.path(), "notes.txt", b"words");
    refused(
        open(&empty.path().join("notes.txt"), Part::Train, None),
        "notes.txt",
        "a folder, or an .npz archive",
    );
    refused(open(&empty.path().join("nowhere"), Part::Train, None), "nowhere", "expected a folder");
}
