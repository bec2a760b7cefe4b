//! Decompresses the body of a reply, incrementally.
//!
//! The client asks for plain bodies, and some gateways compress them all the same. What the headers
//! say is not always so: a body that is said to be gzip and does not begin like it is taken as it
//! is, and one that begins like gzip is decompressed. One push gives at most as many bytes
//! as the longest answer has, so that a small body cannot fill the memory.

use bytes::Bytes;
use smallvec::SmallVec;

/// A body that cannot be decompressed: why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Undecodable(pub(crate) String);

/// The encodings of one body, the outermost first.
pub(crate) struct Decoder {
    layers: SmallVec<[Layer; 1]>,
}

enum Layer {
    /// The first bytes decide.
    Sniffed {
        encoding: Encoding,
        held: Bytes,
    },
    Plain,
    #[cfg(feature = "compression")]
    Packed(Box<packed::Layer>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Plain,
    Gzip,
    Deflate,
    Brotli,
}

impl Decoder {
    /// A decoder for the value of `content-encoding`, if there is one.
    ///
    /// # Errors
    /// When one of the encodings is unknown.
    pub(crate) fn new(said: Option<&str>) -> Result<Self, Undecodable> {
        let mut layers = SmallVec::new();
        for name in said.unwrap_or_default().rsplit(',') {
            match encoding(name.trim())? {
                // Sniffed once: below another encoding, and where nothing is said.
                Encoding::Plain => {}
                encoding => layers.push(Layer::sniffed(encoding)),
            }
        }
        if layers.is_empty() {
            layers.push(Layer::sniffed(Encoding::Plain));
        }
        Ok(Self { layers })
    }

    /// The plain bytes that these bytes complete.
    pub(crate) fn push(&mut self, mut bytes: Bytes) -> Result<Bytes, Undecodable> {
        for layer in &mut self.layers {
            bytes = layer.push(bytes)?;
        }
        Ok(bytes)
    }

    /// The rest of the plain bytes, at the end of the body.
    pub(crate) fn end(mut self) -> Result<Bytes, Undecodable> {
        let mut bytes = Bytes::new();
        for layer in &mut self.layers {
            let mut pushed = Vec::from(layer.push(bytes)?);
            pushed.extend(layer.end()?);
            bytes = pushed.into();
        }
        Ok(bytes)
    }
}

/// Words that mean a body as it is are seen as well.
fn encoding(name: &str) -> Result<Encoding, Undecodable> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "" | "identity" | "none" | "utf-8" | "utf8" => Encoding::Plain,
        "gzip" | "x-gzip" => Encoding::Gzip,
        "deflate" => Encoding::Deflate,
        "br" => Encoding::Brotli,
        _ => return Err(Undecodable(format!("the answer is encoded as {name:?}"))),
    })
}

impl Layer {
    fn sniffed(encoding: Encoding) -> Self {
        Self::Sniffed {
            encoding,
            held: Bytes::new(),
        }
    }

    fn push(&mut self, bytes: Bytes) -> Result<Bytes, Undecodable> {
        match self {
            Self::Plain => Ok(bytes),
            #[cfg(feature = "compression")]
            Self::Packed(layer) => layer.push(&bytes).map(Bytes::from),
            Self::Sniffed { encoding, held } => {
                // A plain body whose first bytes decide is not copied.
                let first = match held.is_empty() {
                    true => bytes,
                    false => [&held[..], &bytes].concat().into(),
                };
                let is_undecided = match encoding {
                    Encoding::Plain | Encoding::Gzip => GZIP.starts_with(&first) && first.len() < 2,
                    Encoding::Deflate => first.len() < 2,
                    Encoding::Brotli => first.is_empty(),
                };
                if is_undecided {
                    *held = first;
                    return Ok(Bytes::new());
                }
                *self = Self::decided(*encoding, &first)?;
                self.push(first)
            }
        }
    }

    /// Chooses by the first bytes.
    fn decided(encoding: Encoding, first: &[u8]) -> Result<Self, Undecodable> {
        let encoding = match encoding {
            Encoding::Plain | Encoding::Gzip if first.starts_with(GZIP) => Encoding::Gzip,
            Encoding::Plain | Encoding::Gzip => return Ok(Self::Plain),
            encoding => encoding,
        };
        Self::packed(encoding, first)
    }

    #[cfg(feature = "compression")]
    fn packed(encoding: Encoding, first: &[u8]) -> Result<Self, Undecodable> {
        let layer = packed::Layer::new(encoding, first);
        Ok(Self::Packed(Box::new(layer)))
    }

    #[cfg(not(feature = "compression"))]
    fn packed(encoding: Encoding, _first: &[u8]) -> Result<Self, Undecodable> {
        Err(Undecodable(format!(
            "the answer is compressed ({encoding:?}); the feature `compression` reads it"
        )))
    }

    /// What is left at the end of the body.
    fn end(&mut self) -> Result<Vec<u8>, Undecodable> {
        match self {
            Self::Plain => Ok(Vec::new()),
            Self::Sniffed { held, .. } => Ok(std::mem::take(held).into()),
            #[cfg(feature = "compression")]
            Self::Packed(layer) => layer.end(),
        }
    }
}

/// How gzip begins.
const GZIP: &[u8] = &[0x1f, 0x8b];

#[cfg(feature = "compression")]
mod packed {
    use std::io::{self, Write};

    use brotli_decompressor::DecompressorWriter;
    use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

    use super::super::answer::LONGEST;
    use super::{Encoding, Undecodable};

    /// One encoding, written to; what comes out is taken after each write.
    pub(super) enum Layer {
        Gzip(MultiGzDecoder<Sink>),
        Zlib(ZlibDecoder<Sink>),
        Deflate(DeflateDecoder<Sink>),
        Brotli(Box<DecompressorWriter<Sink>>),
    }

    /// Keeps what is written to it, up to a limit.
    #[derive(Default)]
    pub(super) struct Sink(Vec<u8>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0.len() + bytes.len() > LONGEST {
                return Err(io::Error::other("the answer is too long"));
            }
            self.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Layer {
        /// Some servers call raw deflate by the same name as zlib, which has a head.
        pub(super) fn new(encoding: Encoding, first: &[u8]) -> Self {
            let sink = Sink::default();
            let is_zlib = match first {
                [a, b, ..] => a & 0x0f == 8 && (u16::from(*a) << 8 | u16::from(*b)) % 31 == 0,
                _ => true,
            };
            match encoding {
                Encoding::Plain | Encoding::Gzip => Self::Gzip(MultiGzDecoder::new(sink)),
                Encoding::Deflate if is_zlib => Self::Zlib(ZlibDecoder::new(sink)),
                Encoding::Deflate => Self::Deflate(DeflateDecoder::new(sink)),
                Encoding::Brotli => Self::Brotli(Box::new(DecompressorWriter::new(sink, BUFFER))),
            }
        }

        pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Undecodable> {
            let writer: &mut dyn Write = match self {
                Self::Gzip(writer) => writer,
                Self::Zlib(writer) => writer,
                Self::Deflate(writer) => writer,
                Self::Brotli(writer) => &mut **writer,
            };
            // A flush delivers what a stream has sent so far.
            let written = writer.write_all(bytes).and_then(|()| writer.flush());
            written.map_err(undecodable)?;
            Ok(self.taken())
        }

        pub(super) fn end(&mut self) -> Result<Vec<u8>, Undecodable> {
            let ended = match self {
                Self::Gzip(writer) => writer.try_finish(),
                Self::Zlib(writer) => writer.try_finish(),
                Self::Deflate(writer) => writer.try_finish(),
                Self::Brotli(writer) => writer.close(),
            };
            ended.map_err(undecodable)?;
            Ok(self.taken())
        }

        fn taken(&mut self) -> Vec<u8> {
            let sink = match self {
                Self::Gzip(writer) => writer.get_mut(),
                Self::Zlib(writer) => writer.get_mut(),
                Self::Deflate(writer) => writer.get_mut(),
                Self::Brotli(writer) => writer.get_mut(),
            };
            std::mem::take(&mut sink.0)
        }
    }

    fn undecodable(error: io::Error) -> Undecodable {
        Undecodable(format!("the compressed answer cannot be read: {error}"))
    }

    /// Bytes that brotli decompresses at a time.
    const BUFFER: usize = 4096;
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "data: one two one two one two\n\n";

    /// The plain body, pushed in pieces of this size.
    fn decoded(said: Option<&str>, body: &[u8], size: usize) -> Result<String, Undecodable> {
        let mut decoder = Decoder::new(said)?;
        let mut plain = Vec::new();
        for piece in body.chunks(size) {
            plain.extend(decoder.push(Bytes::copy_from_slice(piece))?);
        }
        plain.extend(decoder.end()?);
        Ok(String::from_utf8_lossy(&plain).into_owned())
    }

    #[test]
    fn a_plain_body_passes_whatever_its_label_says() {
        for said in [
            None,
            Some("identity"),
            Some("gzip"),
            Some("utf-8"),
            Some(""),
        ] {
            for size in [1, 2, 100] {
                let read = decoded(said, TEXT.as_bytes(), size);
                assert_eq!(read.as_deref(), Ok(TEXT), "{said:?}");
            }
        }
        assert!(Decoder::new(Some("zstd")).is_err());
    }

    #[cfg(feature = "compression")]
    mod packed {
        use std::io::Write as _;

        use flate2::Compression;
        use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

        use super::*;
        use crate::wire::answer::LONGEST;

        fn gzip(text: &[u8]) -> Vec<u8> {
            let mut writer = GzEncoder::new(Vec::new(), Compression::default());
            writer.write_all(text).unwrap();
            writer.finish().unwrap()
        }

        fn zlib(text: &[u8]) -> Vec<u8> {
            let mut writer = ZlibEncoder::new(Vec::new(), Compression::default());
            writer.write_all(text).unwrap();
            writer.finish().unwrap()
        }

        fn deflate(text: &[u8]) -> Vec<u8> {
            let mut writer = DeflateEncoder::new(Vec::new(), Compression::default());
            writer.write_all(text).unwrap();
            writer.finish().unwrap()
        }

        /// One uncompressed block, as brotli frames it (RFC 7932, 9.2), and the empty last block.
        fn brotli(text: &[u8]) -> Vec<u8> {
            let length = u32::try_from(text.len() - 1).unwrap();
            // A window of 16 bits (one bit); not the last block (1), 4 nibbles (2), the length
            // (16), uncompressed (1), filled up to the byte.
            let head = length << 4 | 1 << 20;
            [&head.to_le_bytes()[..3], text, &[3]].concat()
        }

        #[test]
        fn every_encoding_is_read_in_any_pieces() {
            let text = TEXT.as_bytes();
            for (said, body) in [
                (Some("gzip"), gzip(text)),
                (Some("X-GZIP"), gzip(text)),
                (None, gzip(text)),
                (Some("gzip"), [gzip(&text[..9]), gzip(&text[9..])].concat()),
                (Some("deflate"), zlib(text)),
                (Some("deflate"), deflate(text)),
                (Some("br"), brotli(text)),
                (Some("gzip, br"), brotli(&gzip(text))),
                (Some("deflate,gzip"), gzip(&zlib(text))),
            ] {
                for size in [1, 2, 7, 1_000] {
                    let read = decoded(said, &body, size);
                    assert_eq!(read.as_deref(), Ok(TEXT), "{said:?} in pieces of {size}");
                }
            }
        }

        #[test]
        fn what_a_stream_has_sent_so_far_is_handed_over() {
            let mut writer = GzEncoder::new(Vec::new(), Compression::default());
            let mut decoder = Decoder::new(Some("gzip")).unwrap();
            let mut sent = 0;
            for event in ["data: one\n\n", "data: two\n\n"] {
                writer.write_all(event.as_bytes()).unwrap();
                writer.flush().unwrap();
                let plain = decoder
                    .push(Bytes::copy_from_slice(&writer.get_ref()[sent..]))
                    .unwrap();
                assert_eq!(plain, event.as_bytes());
                sent = writer.get_ref().len();
            }
        }

        #[test]
        fn a_cut_or_broken_body_is_refused() {
            let body = gzip(&TEXT.repeat(50).into_bytes());
            assert!(decoded(Some("gzip"), &body[..body.len() - 9], 7).is_err());
            let mut broken = body.clone();
            broken[20] ^= 0xff;
            assert!(decoded(Some("gzip"), &broken, 7).is_err());
            assert!(decoded(Some("br"), TEXT.as_bytes(), 7).is_err());
        }

        #[test]
        fn a_small_body_cannot_fill_the_memory() {
            let bomb = gzip(&vec![0; LONGEST + 1]);
            assert!(bomb.len() < 100_000);
            assert!(decoded(Some("gzip"), &bomb, bomb.len()).is_err());
        }
    }
}
