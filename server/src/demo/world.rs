//! What every row shares: keys and files in a folder that goes away.

use crate::cli::{DemoArgs, Failure};
use oscartoki::encoding::hex;
use oscartoki::{AudienceKey, Client, ClientConfig, Rolling, Secret};
use std::path::PathBuf;

/// The services' name; loopback addresses are authorities beside it.
pub const AUDIENCE: &str = "demo.oscartoki.example";

/// Keys, paths and programs.
pub struct World {
    pub args: DemoArgs,
    pub secret: Secret,
    pub key: AudienceKey,
    pub key_file: PathBuf,
    pub secret_file: PathBuf,
    /// The v1 key that the Rust service still takes.
    pub v1_key: String,
    folder: PathBuf,
}

impl World {
    pub fn new(args: DemoArgs) -> Result<Self, Failure> {
        let secret = Secret::generate().map_err(Failure::refused)?;
        let key = secret.audience_key(AUDIENCE, 0).map_err(Failure::refused)?;
        let (kid, v1_key) = (hex(&key.kid_bytes()), secret.kid_bytes(7).map(|bytes| hex(&bytes)).map_err(Failure::refused)?);
        let folder = std::env::temp_dir().join(format!("oscar-demo-{}-{kid}", std::process::id()));
        let (key_file, secret_file) = (folder.join("keys"), folder.join("secret"));
        let world = Self { args, secret, key_file, secret_file, key, v1_key, folder };
        world.write().map_err(|error| Failure::config(format!("{}: {error}", world.folder.display())))?;
        Ok(world)
    }

    fn write(&self) -> std::io::Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder)?;
        let v1 = format!("v1 until=2099-12-31T23:59:59Z dialect=any key={} kid=00000000000000f1", hex(self.v1_key.as_bytes()));
        oscar::private::write_new(&self.secret_file, format!("{}\n", self.secret.to_text()).as_bytes())?;
        oscar::private::write_new(&self.key_file, format!("# the demo's client, v2 and v1\n{}\n{v1}\n", self.key.to_text()).as_bytes())
    }

    /// A file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A client in this process.
    pub fn client(&self, roll: Rolling) -> Result<Client, String> {
        Client::new(&self.secret, AUDIENCE, ClientConfig { roll, ..ClientConfig::default() }).map_err(|error| error.to_string())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
