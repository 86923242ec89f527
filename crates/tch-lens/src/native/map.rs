//! Files mapped into memory, and tensors that lie in them.

use std::io;
use std::path::Path;

use memmap2::{Mmap, UncheckedAdvice};
use tch::{Device, Kind, TchError, Tensor};

use crate::file;

/// A file of weights.
#[derive(Debug)]
pub(crate) struct FileMap(Mmap);

impl FileMap {
    #[expect(unsafe_code, reason = "there is no safe memory map")]
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = file::open(path)?;
        // SAFETY: the map is read-only. That nobody changes or shortens a file of weights while it is in use is asked of
        // the user, as by every program that maps its weights.
        unsafe { Mmap::map(&file) }.map(Self)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// A tensor over the numbers that lie in the map from byte `start` on, which must be aligned for them; the map must hold
    /// at least as many as `shape` asks for. The caller keeps the map as long as the tensor, and does not write to it.
    #[expect(unsafe_code, reason = "tch copies otherwise, which doubles the memory")]
    pub(crate) fn tensor(
        &self,
        start: usize,
        shape: &[i64],
        kind: Kind,
    ) -> Result<Tensor, TchError> {
        let numbers = &self.bytes()[start..];
        // SAFETY: the bytes are those of a live read-only map, aligned for `kind`, and as many as shape and type ask for:
        // the header was checked, and pieces are whole numbers. Every pattern of bits is a float. That the map outlives
        // the tensor, and that nobody writes to it, are the duties of `Weights`, stated there.
        unsafe { Tensor::f_from_blob(numbers.as_ptr(), shape, &[], kind, Device::Cpu) }
    }

    /// Gives the pages back that a copy has made needless, so that file and copy do not both stay resident.
    #[expect(unsafe_code, reason = "so is memmap2's way to give pages back")]
    pub(crate) fn let_go(&self, start: usize, len: usize) {
        // SAFETY: the map is of a file and read-only: a page that is given back is read again from the file when it is
        // needed. A failure costs memory and nothing else.
        let _ = unsafe {
            self.0
                .unchecked_advise_range(UncheckedAdvice::DontNeed, start, len)
        };
    }
}
