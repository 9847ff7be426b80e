"""Writes the .npy files here: one array in every type and order that `convolve run` reads.

Usage: pip install numpy && python generate.py
"""
import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent
ARRAY = np.array([[0, 1, 2], [3, 4, 100]])
SIGNED = np.where(ARRAY == 1, -1, ARRAY)

for dtype in "<f2 <f4 <f8 >f2 >f4 >f8 |i1 <i2 <i4 <i8 >i4".split():
    np.save(HERE / f"{dtype.translate(str.maketrans('<>|', 'lbn'))}.npy", SIGNED.astype(dtype))
for dtype in "|u1 <u2 <u4 <u8 >u2".split():
    np.save(HERE / f"{dtype.translate(str.maketrans('<>|', 'lbn'))}.npy", ARRAY.astype(dtype))
np.save(HERE / "bool.npy", ARRAY > 1)
np.save(HERE / "fortran.npy", np.asfortranarray(np.arange(24, dtype="<f4").reshape(2, 3, 4)))
np.save(HERE / "complex.npy", ARRAY.astype("<c8"))
np.save(HERE / "records.npy", np.zeros(2, dtype=[("a", "<f4"), ("b", "<i2")]))
with open(HERE / "version2.npy", "wb") as file:
    np.lib.format.write_array(file, SIGNED.astype("<f4"), version=(2, 0))
