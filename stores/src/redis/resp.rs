//! The wire of Redis (RESP2), as far as a replay memory speaks it: a command out, an answer in.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// No answer that is asked for here is longer, or nested deeper.
const LONGEST: usize = 1 << 20;
const DEEPEST: u8 = 4;

/// What the server answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    Nothing,
    Number(i64),
    Text(String),
    List(Vec<Answer>),
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Fault {
    /// The connection is of no use any more.
    Broken(io::Error),
    /// The server says no: the first word of its sentence, such as `OOM`. The connection is good.
    Refused(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

pub struct Wire {
    stream: BufReader<Stream>,
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Wire {
    pub fn tcp(host: &str, port: u16, deadline: Duration) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for address in (host, port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, deadline) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(Self { stream: BufReader::new(Stream::Tcp(stream)) });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    pub fn unix(path: &Path) -> io::Result<Self> {
        Ok(Self { stream: BufReader::new(Stream::Unix(UnixStream::connect(path)?)) })
    }

    /// How long each read and write may take from now on.
    pub fn wait_for(&self, deadline: Duration) -> io::Result<()> {
        let deadline = Some(deadline);
        match self.stream.get_ref() {
            Stream::Tcp(stream) => stream.set_read_timeout(deadline).and_then(|()| stream.set_write_timeout(deadline)),
            Stream::Unix(stream) => stream.set_read_timeout(deadline).and_then(|()| stream.set_write_timeout(deadline)),
        }
    }

    /// One command and its answer.
    pub fn call<W: AsRef<[u8]>>(&mut self, words: &[W]) -> Result<Answer, Fault> {
        let mut out = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            let word = word.as_ref();
            out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            out.extend_from_slice(word);
            out.extend_from_slice(b"\r\n");
        }
        self.stream.get_mut().write_all(&out)?;
        self.answer(DEEPEST)
    }

    fn answer(&mut self, depth: u8) -> Result<Answer, Fault> {
        let line = self.line()?;
        let (kind, rest) = line.split_at_checked(1).ok_or_else(garbled)?;
        let number = || rest.parse::<i64>().map_err(|_| garbled());
        // -1 is a text or a list that is not there.
        let len = || number().map(|len| usize::try_from(len).ok().filter(|len| *len <= LONGEST));
        match kind {
            "+" => Ok(Answer::Text(rest.to_owned())),
            "-" => Err(Fault::Refused(rest.split(' ').next().unwrap_or_default().to_owned())),
            ":" => Ok(Answer::Number(number()?)),
            "$" | "*" if rest == "-1" => Ok(Answer::Nothing),
            "$" => {
                let mut text = vec![0; len()?.ok_or_else(garbled)? + 2];
                self.stream.read_exact(&mut text)?;
                text.truncate(text.len() - 2);
                Ok(Answer::Text(String::from_utf8(text).map_err(|_| garbled())?))
            }
            "*" if depth > 0 => {
                let mut list = Vec::new();
                for _ in 0..len()?.ok_or_else(garbled)? {
                    // A refusal inside of a list is none that these commands have.
                    list.push(self.answer(depth - 1).map_err(|_| garbled())?);
                }
                Ok(Answer::List(list))
            }
            _ => Err(garbled().into()),
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.by_ref().take(LONGEST as u64).read_line(&mut line)?;
        let end = line.strip_suffix("\r\n").ok_or(io::ErrorKind::UnexpectedEof)?.len();
        line.truncate(end);
        Ok(line)
    }
}

fn garbled() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

impl Read for Stream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(out),
            Self::Unix(stream) => stream.read(out),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Answer, Fault, Wire};
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::time::Duration;

    /// What a client makes of what a server says.
    fn told(said: &'static [u8]) -> (Vec<u8>, Result<Answer, Fault>) {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let asked = std::thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            let mut asked = [0; 27];
            stream.read_exact(&mut asked).unwrap();
            stream.write_all(said).unwrap();
            asked.to_vec()
        });
        let mut wire = Wire::tcp("127.0.0.1", port, Duration::from_secs(2)).unwrap();
        wire.wait_for(Duration::from_secs(2)).unwrap();
        let answer = wire.call(&["GET", "a key\r\n!"]);
        (asked.join().unwrap(), answer)
    }

    #[test]
    fn a_command_goes_out_and_every_kind_of_answer_comes_in() {
        assert_eq!(told(b"+OK\r\n").0, b"*2\r\n$3\r\nGET\r\n$8\r\na key\r\n!\r\n");
        let text = |text: &str| Answer::Text(text.to_owned());
        for (said, answer) in [
            (&b"+OK\r\n"[..], text("OK")),
            (b":-12\r\n", Answer::Number(-12)),
            (b"$-1\r\n", Answer::Nothing),
            (b"*-1\r\n", Answer::Nothing),
            (b"$0\r\n\r\n", text("")),
            (b"$4\r\na\r\nb\r\n", text("a\r\nb")),
            (b"*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", Answer::List(vec![Answer::Number(1), Answer::List(vec![text("x")])])),
        ] {
            assert_eq!(told(said).1.unwrap(), answer);
        }
    }

    #[test]
    fn what_is_no_answer_breaks_the_connection_and_a_refusal_does_not() {
        assert!(matches!(told(b"-OOM command not allowed\r\n").1, Err(Fault::Refused(word)) if word == "OOM"));
        for said in [
            &b""[..],
            b"+OK",
            b"\r\n",
            b"!1\r\n",
            b"$5\r\nabc\r\n",
            b"$x\r\n",
            b"$-2\r\n",
            b"$99999999999\r\n",
            b"*2\r\n:1\r\n",
            b"*2\r\n-ERR x\r\n:1\r\n",
            b"$1\r\n\xff\r\n",
            b":1.5\r\n",
            b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        ] {
            assert!(matches!(told(said).1, Err(Fault::Broken(_))), "{said:?}");
        }
    }
}
