//! Against files that NumPy wrote (`tests/data/generate.py`).

use super::*;

fn data(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    std::fs::read(path).expect("a file beside the tests")
}

fn array(file: &str) -> Array {
    Array::read(&data(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn every_type_is_read() {
    let signed = "lf2 lf4 lf8 bf2 bf4 bf8 ni1 li2 li4 li8 bi4 version2";
    for name in signed.split(' ') {
        let expected = Array { shape: vec![2, 3], data: vec![0.0, -1.0, 2.0, 3.0, 4.0, 100.0] };
        assert_eq!(array(&format!("{name}.npy")), expected, "{name}");
    }
    for name in "nu1 lu2 lu4 lu8 bu2".split(' ') {
        let expected = Array { shape: vec![2, 3], data: vec![0.0, 1.0, 2.0, 3.0, 4.0, 100.0] };
        assert_eq!(array(&format!("{name}.npy")), expected, "{name}");
    }
    assert_eq!(array("bool.npy").data, [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
}

#[test]
fn fortran_order_becomes_c_order() {
    let expected = Array { shape: vec![2, 3, 4], data: (0..24u8).map(f32::from).collect() };
    assert_eq!(array("fortran.npy"), expected);
}

#[test]
fn what_is_written_is_what_numpy_writes() {
    let numpy = data("lf4.npy");
    assert_eq!(array("lf4.npy").write(), numpy);
    let vector = Array { shape: vec![3], data: vec![1.0, 2.0, 3.0] };
    assert_eq!(Array::read(&vector.write()), Ok(vector));
    let scalar = Array { shape: vec![], data: vec![7.5] };
    assert_eq!(Array::read(&scalar.write()), Ok(scalar));
}

#[test]
fn every_truncated_file_is_refused() {
    let whole = data("lf8.npy");
    for end in 0..whole.len() {
        assert!(Array::read(&whole[..end]).is_err(), "{end} bytes");
    }
    let longer = [whole.as_slice(), &[0]].concat();
    assert!(Array::read(&longer).is_err_and(|error| error.contains("not whole")));
}

#[test]
fn other_types_are_refused() {
    let refused = |file: &str| Array::read(&data(file)).expect_err("no array of real numbers");
    assert!(refused("complex.npy").contains("`<c8`"));
    assert!(refused("records.npy").contains("records"));
}

#[test]
fn hostile_headers_are_refused() {
    let file = |header: &str| {
        let mut file = [MAGIC, &[2, 0]].concat();
        file.extend((header.len() as u32).to_le_bytes());
        file.extend(header.bytes());
        file
    };
    let headers = [
        String::new(),
        "(".repeat(100_000),
        "{'descr': ".repeat(10_000),
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }".to_owned(),
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (), }".to_owned(),
        "{'descr': '<f4', 'fortran_order': False, 'shape': 3, }".to_owned(),
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }".to_owned(),
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,), }".to_owned(),
        "{'descr': '', 'fortran_order': False, 'shape': (), }".to_owned(),
        "{'descr': 'é4', 'fortran_order': False, 'shape': (), }".to_owned(),
    ];
    for header in headers {
        assert!(Array::read(&file(&header)).is_err(), "{header}");
    }
    let lying = [MAGIC, &[2, 0], &u32::MAX.to_le_bytes()].concat();
    assert!(Array::read(&lying).is_err());
    assert!(Array::read(&[MAGIC, &[9, 0, 0, 0]].concat()).is_err_and(|error| error.contains("version 9")));
}
