#!/usr/bin/env bash
# What a network costs its user at build time: benches/build_cost.sh [spec.yaml]
#
# Times a cold build of `convolve` with its macro, then, in a crate that holds one network, `cargo check` and
# `cargo build --release` after a change of that crate alone, and the expansion in a release-built compiler.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
spec=$(realpath "${1:-$root/models/specs/resnet50.yaml}")
name=$(sed -n 's/^name: *\([A-Za-z0-9]*\).*/\1/p' "$spec")
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

seconds() { # label, command…
    local label=$1 start end
    shift
    start=$(date +%s.%N)
    "$@" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    end=$(date +%s.%N)
    printf '%-58s %6.2f s\n' "$label" "$(echo "$end - $start" | bc)"
}

mkdir -p "$work/user/src"
cat >"$work/user/Cargo.toml" <<TOML
[package]
name = "user"
version = "0.1.0"
edition = "2024"
[dependencies]
convolve = { path = "$root" }
[workspace]
TOML
cp "$root/Cargo.lock" "$work/user/"
cd "$work/user"
touch src/lib.rs
cargo fetch >/dev/null 2>&1
seconds "cold debug build of convolve and its macro" cargo build
seconds "cold release build of convolve and its macro" cargo build --release
cargo check >/dev/null 2>&1
echo "convolve::cnn! { pub $name = \"$spec\" }" >src/lib.rs
for run in 1 2 3; do
    echo "// $run" >>src/lib.rs
    seconds "cargo check of a crate with $name" cargo check
    seconds "cargo build --release of a crate with $name" cargo build --release
done
cargo build --release --quiet --manifest-path "$root/cli/Cargo.toml" --target-dir "$work/cli"
for run in 1 2 3; do
    seconds "expansion of $name, formatting included" "$work/cli/release/convolve" expand "$spec"
done
