//! The models of one data directory: `DATA/models/ID/FILE`, with a receipt beside them.
//!
//! Invariants: a file is renamed into a model's folder only after its SHA-256 was found
//! right, and synced; the receipt `installed.toml` is written after the last of them. So a
//! receipt means that the files were whole when it was written; [`Store::is_installed`]
//! trusts it and the sizes, [`super::verify`] trusts nothing but the bytes. Work in progress lies
//! in `DATA/models/.partial` and is never looked at by either. One operation at a time
//! holds `DATA/models/.lock`.

use super::admission::Admissions;
use super::digest::Digest;
use super::faults;
use super::manifest::{Commercial, FileSpec, Manifest, Model, Role};
use crate::core::answer::Rung;
use crate::operations::outcome::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const RECEIPT: &str = "installed.toml";

/// Where models are kept, and which there could be.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    manifest: Manifest,
}

/// Held while something is written to the store.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// What was installed, as it was pinned then.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    id: String,
    role: Role,
    licence: String,
    commercial: Commercial,
    files: Vec<ReceiptFile>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct ReceiptFile {
    name: String,
    size: u64,
    sha256: Digest,
}

impl Receipt {
    fn of(model: &Model) -> Self {
        Receipt {
            id: model.id.clone(),
            role: model.role,
            licence: model.licence.clone(),
            commercial: model.commercial,
            files: model
                .files
                .iter()
                .map(|f| ReceiptFile { name: f.name.clone(), size: f.size, sha256: f.sha256 })
                .collect(),
        }
    }

    /// True where the same files are pinned today.
    fn is_for(&self, model: &Model) -> bool {
        self.id == model.id && self.files == Receipt::of(model).files
    }
}

/// A model as `models list` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// What it does.
    pub role: Role,
    /// Architecture, as loaders call it.
    pub architecture: String,
    /// ISO 639-1 codes.
    pub languages: Vec<String>,
    /// Bytes of the finished files.
    pub size: u64,
    /// Licence of the weights.
    pub licence: String,
    /// Whether commercial use is allowed.
    pub commercial: Commercial,
    /// Pulled where nothing is named.
    pub default: bool,
    /// Receipt and sizes are right.
    pub installed: bool,
    /// The highest rung that a language model has earned; `null` of other roles.
    pub admitted: Option<Rung>,
    /// Its folder.
    pub path: PathBuf,
}

/// A model that can be loaded.
#[derive(Debug, Clone)]
pub struct Located {
    /// Its id; none for a file given by path.
    pub id: Option<String>,
    /// The file that a loader opens first.
    pub path: PathBuf,
    /// SHA-256 of that file where it is pinned.
    pub sha256: Option<Digest>,
    /// Languages that it knows, as BCP 47 tags; empty where that is not said.
    pub languages: Vec<String>,
}

impl Store {
    /// The store of a data directory, with the manifest of this program. Nothing is created.
    ///
    /// # Errors
    /// Those of [`Manifest::embedded`].
    pub fn open(data: &Path) -> Result<Self> {
        Ok(Self::with_manifest(data, Manifest::embedded()?))
    }

    /// The store of a data directory with another manifest.
    pub fn with_manifest(data: &Path, manifest: Manifest) -> Self {
        Self { root: data.join("models"), manifest }
    }

    /// Which models there could be.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// `DATA/models`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a model.
    pub fn folder(&self, model: &Model) -> PathBuf {
        self.root.join(&model.id)
    }

    /// The folder of a model's work in progress.
    pub(super) fn partial(&self, model: &Model) -> PathBuf {
        self.root.join(".partial").join(&model.id)
    }

    /// Every model of the manifest.
    pub fn list(&self) -> Vec<Row> {
        // A damaged file is told of by whoever must obey it.
        let here = self.root.parent().map(Admissions::load).and_then(Result::ok).unwrap_or_default();
        self.manifest
            .models
            .iter()
            .map(|m| Row {
                id: m.id.clone(),
                role: m.role,
                architecture: m.architecture.clone(),
                languages: m.languages.clone(),
                size: m.size(),
                licence: m.licence.clone(),
                commercial: m.commercial,
                default: m.default,
                installed: self.is_installed(m),
                admitted: (m.role == Role::Answerer).then(|| here.held(&self.manifest, &m.id).ceiling),
                path: self.folder(m),
            })
            .collect()
    }

    /// True where the receipt is for today's pins and every file has its size. Quick: no
    /// file is read.
    pub fn is_installed(&self, model: &Model) -> bool {
        let folder = self.folder(model);
        let receipt =
            fs::read_to_string(folder.join(RECEIPT)).ok().and_then(|t| toml::from_str::<Receipt>(&t).ok());
        receipt.is_some_and(|r| r.is_for(model))
            && model.files.iter().all(|f| has_size(&folder.join(&f.name), f.size))
    }

    /// As [`Store::locate`], with `None` where `named` is empty or not installed: for roles
    /// that the product can do without.
    ///
    /// # Errors
    /// As [`Store::locate`] otherwise.
    pub fn locate_if_there(&self, role: Role, named: &str) -> Result<Option<Located>> {
        if named.is_empty() {
            return Ok(None);
        }
        match self.locate(role, Some(named)) {
            Ok(located) => Ok(Some(located)),
            Err(e) if e.kind == Kind::Missing => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The model to use for a role: the one named by id, the file given by path, or with
    /// nothing named the role's default, else the first installed one.
    ///
    /// # Errors
    /// [`Kind::Missing`] with the command that supplies it; [`Kind::Usage`] for a name that
    /// is neither an id of that role nor a file.
    pub fn locate(&self, role: Role, named: Option<&str>) -> Result<Located> {
        let Some(named) = named else {
            let of_role: Vec<&Model> = self.manifest.models.iter().filter(|m| m.role == role).collect();
            let default = of_role.iter().find(|m| m.default);
            let installed = default
                .into_iter()
                .chain(&of_role)
                .find(|m| self.is_installed(m))
                .ok_or_else(|| missing(&format!("no {role} is installed"), role.as_str()))?;
            return self.located(installed);
        };
        let path = Path::new(named);
        match self.manifest.get(named) {
            Ok(model) if model.role != role => {
                Err(Error::new(Kind::Usage, format!("{named} is a {}, not a {role}", model.role))
                    .hint("`millwright models list` shows all"))
            }
            Ok(model) if self.is_installed(model) => self.located(model),
            Ok(model) => Err(missing(&format!("{named} is not installed"), &model.id)),
            Err(_) if path.is_file() => {
                Ok(Located { id: None, path: path.to_owned(), sha256: None, languages: Vec::new() })
            }
            // Nobody writes an id with a slash or a file's ending.
            Err(_) if named.contains(['/', '\\']) || path.extension().is_some_and(|e| e == "gguf") => {
                Err(Error::new(Kind::Missing, format!("there is no model file {named}"))
                    .hint("name the path of a GGUF file, or an id of `millwright models list`"))
            }
            Err(unknown) => Err(unknown),
        }
    }

    fn located(&self, model: &Model) -> Result<Located> {
        let file = model.files.first().ok_or_else(|| missing("the model has no files", &model.id))?;
        Ok(Located {
            id: Some(model.id.clone()),
            path: self.folder(model).join(&file.name),
            sha256: Some(file.sha256),
            languages: model.languages.clone(),
        })
    }

    /// Takes the store for writing.
    ///
    /// # Errors
    /// Where another process has it, or the directory cannot be written.
    pub(super) fn lock(&self) -> Result<Lock> {
        fs::create_dir_all(&self.root).map_err(|e| faults::io("create", &self.root, e))?;
        let path = self.root.join(".lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| faults::io("open", &path, e))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::new(
                Kind::Failed,
                format!("another pull or import is at work in {}", self.root.display()),
            )
            .hint("wait for it to end, then run this again")),
            Err(TryLockError::Error(e)) => Err(faults::io("lock", &path, e)),
        }
    }

    /// Moves finished, verified files into the model's folder and writes the receipt last.
    /// One that is not at `made` is known to be in place, whole.
    pub(super) fn install(&self, model: &Model, made: impl Fn(&FileSpec) -> PathBuf) -> Result<()> {
        let folder = self.folder(model);
        fs::create_dir_all(&folder).map_err(|e| faults::io("create", &folder, e))?;
        self.withdraw(model)?;
        for file in &model.files {
            let (from, to) = (made(file), folder.join(&file.name));
            if from.exists() {
                fs::rename(&from, &to).map_err(|e| faults::io("put in place", &to, e))?;
            }
        }
        sync_directory(&folder);
        self.write_receipt(model)
    }

    /// Says that the files in the folder are whole.
    pub(super) fn write_receipt(&self, model: &Model) -> Result<()> {
        let folder = self.folder(model);
        let path = folder.join(RECEIPT);
        let aside = folder.join(format!("{RECEIPT}.new"));
        let text = toml::to_string(&Receipt::of(model))
            .map_err(|e| Error::new(Kind::Failed, "the receipt cannot be written").because(e))?;
        let write = || -> io::Result<()> {
            let mut file = File::create(&aside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&aside, &path)
        };
        write().map_err(|e| faults::io("write", &path, e))?;
        sync_directory(&folder);
        sync_directory(&self.root);
        Ok(())
    }

    /// Takes back the word that the files are whole.
    pub(super) fn withdraw(&self, model: &Model) -> Result<()> {
        let receipt = self.folder(model).join(RECEIPT);
        match fs::remove_file(&receipt) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(faults::io("remove", &receipt, e)),
            _ => Ok(()),
        }
    }

    /// True where anything of the model is in its folder.
    pub(super) fn has_traces(&self, model: &Model) -> bool {
        let folder = self.folder(model);
        folder.join(RECEIPT).exists() || model.files.iter().any(|f| folder.join(&f.name).exists())
    }
}

fn missing(what: &str, name: &str) -> Error {
    Error::new(Kind::Missing, what).hint(format!("millwright models pull {name}"))
}

pub(super) fn has_size(path: &Path, size: u64) -> bool {
    path.metadata().is_ok_and(|m| m.is_file() && m.len() == size)
}

/// Makes renames in a directory last through a power cut, where the system can.
fn sync_directory(path: &Path) {
    if let Ok(directory) = File::open(path) {
        let _ = directory.sync_all();
    }
}
