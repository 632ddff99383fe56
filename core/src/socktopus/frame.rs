//! Frames: all of them are texts.

/// What a hub sends.
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocktopusFrame {
    /// `DATA:` and a message.
    Data {
        /// The message.
        content: String,
    },
    /// The answer to a ping.
    Pong,
    /// The hub ends the connection.
    Close,
}

impl SocktopusFrame {
    /// As it travels.
    pub fn to_text(&self) -> String {
        match self {
            Self::Data { content } => format!("DATA:{content}"),
            Self::Pong => "PONG".to_owned(),
            Self::Close => "CLOSE".to_owned(),
        }
    }

    /// Reads a hub's frame; `None` for any other text, which a client ignores.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "PONG" => Some(Self::Pong),
            "CLOSE" => Some(Self::Close),
            _ => text.strip_prefix("DATA:").map(|content| Self::Data { content: content.to_owned() }),
        }
    }
}

/// What a client sends.
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocktopusRequest {
    /// At least every 20 s.
    Ping,
    /// It leaves.
    Close,
}

impl SocktopusRequest {
    /// As it travels.
    pub const fn to_text(self) -> &'static str {
        match self {
            Self::Ping => "PING",
            Self::Close => "CLOSE",
        }
    }

    /// Reads a client's frame; `None` for any other text, which is ignored and is no ping.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "PING" => Some(Self::Ping),
            "CLOSE" => Some(Self::Close),
            _ => None,
        }
    }
}
