//! How the key comes to the server without passing through the HTTP library.
//!
//! ureq writes every byte that it sends to the log at level trace, an `Authorization` header
//! included. So ureq is given a stand-in for the key, and the key takes its place below, where the
//! bytes leave for TLS or the socket.

use ureq::Error;
use ureq::http::Uri;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::key::ApiKey;

/// A byte of the stand-in. A header may hold it, no other of ours does, and JSON escapes it, so no
/// body of ours holds it either.
const STAND_IN: u8 = b'\t';

/// The stand-in for a key: as long as it is.
pub(super) fn stand_in(key: &ApiKey) -> Vec<u8> {
    vec![STAND_IN; key.expose().len()]
}

/// Wraps connections so that they replace the stand-in. Comes last in the chain, above TLS.
#[derive(Debug)]
pub(super) struct KeyConnector {
    pub(super) key: ApiKey,
    /// The base URL of the server that the key is for.
    pub(super) server: Uri,
}

impl<In: Transport> Connector<In> for KeyConnector {
    type Out = KeyTransport<In>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let Some(inner) = chained else {
            return Ok(None);
        };
        // The way to a proxy is a connection too, and the encrypted bytes that go through it are
        // not to be touched.
        let is_server = same_place(details.uri, &self.server);
        if is_server && self.server.scheme_str() == Some("https") && !inner.is_tls() {
            return Err(Error::TlsRequired);
        }
        Ok(Some(KeyTransport {
            inner,
            key: match is_server {
                true => self.key.clone(),
                false => ApiKey::default(),
            },
            place: 0,
        }))
    }
}

fn same_place(a: &Uri, b: &Uri) -> bool {
    a.scheme() == b.scheme() && a.authority() == b.authority()
}

/// A connection that replaces the stand-in in what it sends.
#[derive(Debug)]
pub(super) struct KeyTransport<In> {
    inner: In,
    key: ApiKey,
    /// The byte of the key that comes next.
    place: usize,
}

impl<In: Transport> Transport for KeyTransport<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let output = self.inner.buffers().output();
        let sent = amount.min(output.len());
        self.place = put_in(self.key.expose(), self.place, &mut output[..sent]);
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// Replaces the bytes of the stand-in by those of the key from `place` on; gives the next place.
fn put_in(key: &[u8], mut place: usize, output: &mut [u8]) -> usize {
    if key.is_empty() {
        return 0;
    }
    for byte in output.iter_mut().filter(|byte| **byte == STAND_IN) {
        *byte = key[place];
        place = (place + 1) % key.len();
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_comes_in_however_the_bytes_are_cut() {
        let sent = b"a: \t\t\t\r\nb\r\n\r\n{} a: \t\t\t\r\n";
        for cut in 0..sent.len() {
            let (mut head, mut tail) = (sent[..cut].to_vec(), sent[cut..].to_vec());
            let place = put_in(b"key", 0, &mut head);
            assert_eq!(put_in(b"key", place, &mut tail), 0);
            assert_eq!([head, tail].concat(), b"a: key\r\nb\r\n\r\n{} a: key\r\n");
        }
    }
}
