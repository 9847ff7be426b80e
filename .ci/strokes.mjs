// Turns an image of a digit into strokes, as a pen would draw them.

/** What is left of an image's ink when its edges are taken away until lines are a cell wide (Zhang and Suen 1984). */
function thin(ink, side) {
  const cells = ink.slice();
  const at = (y, x) => (y >= 0 && y < side && x >= 0 && x < side ? cells[y * side + x] : 0);
  for (let changed = true; changed;) {
    changed = false;
    for (const second of [false, true]) {
      const gone = [];
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
          if (!at(y, x)) continue;
          // From the north, clockwise.
          const ring = [at(y - 1, x), at(y - 1, x + 1), at(y, x + 1), at(y + 1, x + 1), at(y + 1, x), at(y + 1, x - 1),
            at(y, x - 1), at(y - 1, x - 1)];
          const near = ring.reduce((sum, cell) => sum + cell, 0);
          const edges = ring.filter((cell, index) => !cell && ring[(index + 1) % 8]).length;
          const [north, , east, , south, , west] = ring;
          const open = second ? !(north && east && west) && !(north && south && west)
            : !(north && east && south) && !(east && south && west);
          if (near >= 2 && near <= 6 && edges === 1 && open) gone.push(y * side + x);
        }
      }
      for (const cell of gone) cells[cell] = 0;
      changed ||= gone.length > 0;
    }
  }
  return cells;
}

/** Strokes along the ink of an image of bytes: lists of the middles of cells, `[x, y]`. */
export function strokes(pixels, side) {
  const cells = thin(Array.from(pixels, (pixel) => Number(pixel > 100)), side);
  const place = (cell) => [cell % side, Math.floor(cell / side)];
  const left = new Set(cells.flatMap((cell, index) => (cell ? [index] : [])));
  const neighbours = (cell, among) => {
    const [x, y] = place(cell);
    const distance = (other) => Math.hypot(place(other)[0] - x, place(other)[1] - y);
    return [...among].filter((other) => other !== cell && distance(other) < 1.5).sort((a, b) => distance(a) - distance(b));
  };
  const ends = [...left].filter((cell) => neighbours(cell, left).length === 1);
  const drawn = new Set();
  const found = [];
  while (left.size) {
    let cell = ends.find((end) => left.has(end)) ?? left.values().next().value;
    // What branches off begins on what is drawn.
    const stroke = neighbours(cell, drawn).slice(0, 1);
    while (cell !== undefined) {
      left.delete(cell);
      stroke.push(cell);
      cell = neighbours(cell, left)[0];
    }
    // A ring, or a branch, ends on what is drawn.
    const last = stroke.at(-1);
    const joint = neighbours(last, new Set([...drawn, ...stroke.slice(0, -2)]))[0];
    if (joint !== undefined && stroke.length > 2) stroke.push(joint);
    stroke.forEach((one) => drawn.add(one));
    found.push(stroke.map((one) => place(one).map((coordinate) => coordinate + 0.5)));
  }
  return found;
}
