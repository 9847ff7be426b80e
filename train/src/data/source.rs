use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek as _};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::DataError;

/// A file that is read from front to back, and knows where it is.
pub(crate) struct Source<'a> {
    path: &'a Path,
    reader: Box<dyn Read + 'a>,
    offset: u64,
    /// No more bytes than these can come.
    most: u64,
}

/// The first bytes of a file packed by gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes that one byte of a deflated file can stand for at the most.
const DEFLATE: u64 = 1032;

impl<'a> Source<'a> {
    /// A file, unpacked where it is packed by gzip, whatever its name.
    pub(crate) fn open(path: &'a Path, expected: &str) -> Result<Self, DataError> {
        let fail = |error: io::Error| DataError::io(path, expected, &error);
        let mut file = File::open(path).map_err(fail)?;
        let bytes = file.metadata().map_err(fail)?.len();
        let mut start = Vec::new();
        file.by_ref().take(GZIP.len() as u64).read_to_end(&mut start).map_err(fail)?;
        file.rewind().map_err(fail)?;
        let file = BufReader::new(file);
        Ok(if start == GZIP {
            let most = bytes.saturating_mul(DEFLATE);
            Self::new(path, MultiGzDecoder::new(file), most)
        } else {
            Self::new(path, file, bytes)
        })
    }

    /// What `reader` gives, at most `most` bytes. Errors name `path`.
    pub(crate) fn new(path: &'a Path, reader: impl Read + 'a, most: u64) -> Self {
        Self { path, reader: Box::new(reader), offset: 0, most }
    }

    /// An error about what starts here.
    pub(crate) fn error(&self, expected: impl Into<String>, found: impl Into<String>) -> DataError {
        DataError::new(expected, found).of(self.path).at(self.offset)
    }

    /// The next `N` bytes, which are `what`.
    pub(crate) fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], DataError> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.bytes(N, what)?);
        Ok(bytes)
    }

    /// The next `count` bytes, which are `what`.
    pub(crate) fn bytes(&mut self, count: usize, what: &str) -> Result<Vec<u8>, DataError> {
        // A file may claim to have any number of bytes: memory is reserved only for what can come.
        let mut bytes = Vec::new();
        bytes
            .try_reserve_exact((count as u64).min(self.most) as usize)
            .map_err(|_| self.error(format!("{what} that fit in memory"), format!("{count} bytes")))?;
        self.each(count, what, |some| bytes.extend_from_slice(some))?;
        Ok(bytes)
    }

    /// Hands over the next `count` bytes, which are `what`, in pieces of a multiple of 16 bytes, but for the last.
    pub(crate) fn each(
        &mut self,
        count: usize,
        what: &str,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), DataError> {
        let mut piece = [0; 1 << 13];
        let mut left = count;
        while left > 0 {
            let wanted = left.min(piece.len());
            let got = self.fill(&mut piece[..wanted], what)?;
            if got < wanted {
                let had = count - left + got;
                return Err(self.error(
                    format!("{count} bytes of {what}"),
                    format!("the end of the file after {had} of them"),
                ));
            }
            take(&piece[..wanted]);
            left -= wanted;
        }
        Ok(())
    }

    /// Checks that nothing follows.
    pub(crate) fn end(&mut self) -> Result<(), DataError> {
        match self.fill(&mut [0], "nothing more")? {
            0 => Ok(()),
            got => {
                self.offset -= got as u64;
                Err(self.error("the end of the file", "more bytes"))
            }
        }
    }

    /// As many bytes as come, up to the whole of `bytes`.
    fn fill(&mut self, bytes: &mut [u8], what: &str) -> Result<usize, DataError> {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.reader.read(&mut bytes[filled..]) {
                Ok(0) => break,
                Ok(got) => {
                    filled += got;
                    self.offset += got as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error(what, error.to_string())),
            }
        }
        Ok(filled)
    }
}
