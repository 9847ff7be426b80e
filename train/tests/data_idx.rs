//! IDX files that are not as they should be.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use convolve_runtime::random::mix;
use convolve_train::data::{Arrays, DataError, Dataset as _, Part, idx, open};
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

/// Two files in a folder of their own.
struct Files {
    folder: TempDir,
    images: PathBuf,
    labels: PathBuf,
}

impl Files {
    fn new(images: &[u8], labels: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let files =
            Self { images: folder.path().join("images"), labels: folder.path().join("labels"), folder };
        fs::write(&files.images, images).expect("written");
        fs::write(&files.labels, labels).expect("written");
        files
    }

    fn open(&self) -> Result<Arrays, DataError> {
        idx::open(&self.images, &self.labels)
    }
}

/// An IDX file of bytes 0, 1, 2 and so on.
fn file(lengths: &[u32]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, lengths.len() as u8];
    file.extend(lengths.iter().flat_map(|length| length.to_be_bytes()));
    file.extend((0..lengths.iter().product::<u32>()).map(|element| element as u8));
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

#[test]
fn files_are_read_packed_or_not() {
    for pack in [<[u8]>::to_vec, gzip] {
        for (lengths, shape) in [(&[3, 2, 5][..], [2, 5, 1]), (&[3, 2, 1, 3], [2, 1, 3])] {
            let data = Files::new(&pack(&file(lengths)), &pack(&file(&[3]))).open().expect("data");
            assert_eq!((data.len(), data.input_shape(), data.target_len()), (3, shape, 1));
            let size = shape.iter().product::<usize>();
            let (mut input, mut target) = (vec![0.0; size], [0.0]);
            data.read(2, 0, &mut input, &mut target);
            let expected: Vec<f32> = (2 * size..3 * size).map(|byte| byte as f32 / 255.0).collect();
            assert_eq!((input, target), (expected, [2.0]));
        }
    }
}

#[test]
fn a_file_that_ends_early_or_late_is_refused_wherever() {
    let (images, labels) = (file(&[3, 2, 5]), file(&[3]));
    for pack in [<[u8]>::to_vec, gzip] {
        let (images, labels) = (pack(&images), pack(&labels));
        for end in 0..images.len() {
            let error = Files::new(&images[..end], &labels).open().expect_err("part of a file");
            assert!(error.path.as_ref().is_some_and(|path| path.ends_with("images")), "{error}");
            assert!(error.offset.is_some_and(|offset| offset <= 46), "{error}");
        }
        for end in 0..labels.len() {
            let error = Files::new(&images, &labels[..end]).open().expect_err("part of a file");
            assert!(error.path.is_some_and(|path| path.ends_with("labels")));
        }
        let longer = [&images[..], &[0]].concat();
        assert!(Files::new(&longer, &labels).open().is_err());
    }
    let error = Files::new(&images[..20], &labels).open().expect_err("4 of 30 pixels");
    assert_eq!(error.offset, Some(20));
    assert!(
        error.to_string().ends_with(
            "images: at byte 20: expected 30 bytes of images, found the end of the file after 4 of them"
        ),
        "{error}"
    );
    let error = Files::new(&[&images[..], b"more"].concat(), &labels).open().expect_err("4 bytes too many");
    assert_eq!((error.offset, &*error.expected), (Some(46), "the end of the file"));
}

#[test]
fn a_packed_file_whose_sum_is_wrong_is_refused() {
    let (mut images, labels) = (gzip(&file(&[3, 2, 5])), gzip(&file(&[3])));
    // The checksum is eight bytes from the end.
    let sum = images.len() - 8;
    images[sum] ^= 1;
    assert!(Files::new(&images, &labels).open().is_err());
}

#[test]
fn what_does_not_fit_is_told() {
    let (images, labels) = (file(&[3, 2, 5]), file(&[3]));
    let error = |images: &[u8], labels: &[u8]| Files::new(images, labels).open().expect_err("a mistake");
    let told = |error: DataError, offset: u64, words: &[&str]| {
        assert_eq!(error.offset, Some(offset), "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "{error}");
        }
    };
    told(error(&images, &file(&[4])), 4, &["labels: at byte 4", "3 labels", "found 4"]);
    told(error(&labels, &images), 0, &["0x00000803 or 0x00000804", "images", "found 0x00000801"]);
    told(error(&images, &images), 0, &["0x00000801", "labels", "found 0x00000803"]);
    told(error(b"\x89PNG....", &labels), 0, &["0x89504e47"]);
    // Floats.
    told(error(&[&[0, 0, 13, 3], &images[4..]].concat(), &labels), 0, &["0x00000d03"]);
    told(error(&file(&[0, 2, 5]), &file(&[0])), 4, &["[0, 2, 5]"]);
    // A claim of more than any memory holds, in a file of few bytes.
    let claim: Vec<u8> = [&[0, 0, 8, 4][..], &[0xff; 16]].concat();
    told(error(&claim, &labels), 4, &["fits in memory"]);
    let claim: Vec<u8> = [&[0, 0, 8, 3][..], &[0, 0, 0xff, 0xff].repeat(3), &[1; 100]].concat();
    told(error(&claim, &labels), 116, &["281462092005375 bytes", "after 100"]);
}

#[test]
fn a_missing_file_is_named() {
    let files = Files::new(&file(&[3, 2, 5]), &file(&[3]));
    let folder = files.folder.path();
    fs::rename(&files.images, folder.join("train-images-idx3-ubyte")).expect("renamed");
    let error = open(folder, Part::Train, None).expect_err("no labels").to_string();
    assert!(error.contains("`train-labels-idx1-ubyte` or `train-labels-idx1-ubyte.gz`"), "{error}");
    let error = open(folder, Part::Test, None).expect_err("no test set").to_string();
    assert!(error.contains("`t10k-images-idx3-ubyte` or"), "{error}");
    fs::rename(&files.labels, folder.join("train-labels-idx1-ubyte")).expect("renamed");
    assert_eq!(open(folder, Part::Train, None).expect("both files").len(), 3);
    let error = idx::open(&folder.join("nowhere"), &files.labels).expect_err("no file").to_string();
    assert!(error.contains("nowhere: expected an IDX file of images"), "{error}");
}

/// Mutated files, and bytes of no meaning: they are refused or read, and every example of what is read can be.
#[test]
fn no_bytes_make_it_panic() {
    let (images, labels) = (file(&[3, 2, 5]), file(&[3]));
    let mut read = 0;
    for case in 0..3000u64 {
        let random = |draw: u64, below: usize| mix(mix(case) ^ mix(draw)) as usize % below;
        let mut files = [images.clone(), labels.clone()];
        let pack = random(0, 3) == 0;
        for (of, file) in files.iter_mut().enumerate() {
            if pack {
                *file = gzip(file);
            }
            if random(1, 8) == 0 {
                *file = (0..random(2, 64)).map(|byte| random(100 + byte as u64, 256) as u8).collect();
            }
            for change in 0..random(3, 4) {
                let draw = 10 * (1 + of as u64) + 3 * change as u64;
                let at = random(draw, file.len().max(1));
                if let Some(byte) = file.get_mut(at) {
                    *byte = [0, 0xff, *byte ^ 1, random(draw + 1, 256) as u8][random(draw + 2, 4)];
                }
            }
        }
        if let Ok(data) = Files::new(&files[0], &files[1]).open() {
            let mut input = vec![0.0; data.input_shape().iter().product()];
            (0..data.len()).for_each(|index| data.read(index, 0, &mut input, &mut [0.0]));
            read += 1;
        }
    }
    // Some mutations change pixels only.
    assert!(read > 100, "{read}");
}
