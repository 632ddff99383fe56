//! A client in Rust over reqwest: probes, signs, sends, accepts, rolls and resends by the rules of the protocol.
//!
//!     OSCAR_SECRET=os2.… cargo run -p oscar --example client -- AUDIENCE METHOD URL [BODY]

use oscar::SignedClient;
use oscar::client::ToSend;
use oscartoki::{Client, ClientConfig, Secret};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(audience), Some(method), Some(url)) = (words.next(), words.next(), words.next()) else {
        return Err("usage: client AUDIENCE METHOD URL [BODY]".into());
    };
    let secret = Secret::parse(&std::env::var("OSCAR_SECRET")?)?;

    let client = SignedClient::new(Client::new(&secret, &audience, ClientConfig::default())?)?;
    let request = ToSend::new(method.parse()?, url.parse()?).with_body(words.next().unwrap_or_default());
    let answer = client.send(request).await?;

    println!("{}", String::from_utf8_lossy(&answer.body));
    println!("verified: status {}", answer.status.as_u16());
    Ok(())
}
