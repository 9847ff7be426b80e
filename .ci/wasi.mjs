// Runs a WASI program, as `cargo test` wants it run: node wasi.mjs program.wasm [argument…]
import { readFile } from 'node:fs/promises';
import { WASI } from 'node:wasi';

const args = process.argv.slice(2);
const wasi = new WASI({ version: 'preview1', args, env: process.env, returnOnExit: true });
const module = await WebAssembly.compile(await readFile(args[0]));
// What the C library lacks is imported: the functions of threads, of which none is granted.
const EAGAIN = 6;
const lacking = WebAssembly.Module.imports(module).filter(({ module }) => module === 'env');
const env = Object.fromEntries(lacking.map(({ name }) => [name, () => (name === 'pthread_create' ? EAGAIN : 0)]));
process.exitCode = wasi.start(await WebAssembly.instantiate(module, { ...wasi.getImportObject(), env }));
