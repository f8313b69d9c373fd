//! The one module with calls that differ by operating system.

use std::path::{Path, PathBuf};

/// Resident memory of this process in bytes; 0 where the system does not say.
pub fn resident_bytes() -> u64 {
    #[cfg(target_os = "linux")]
    {
        // statm counts pages; the page size is 4 KiB on every Linux that we build for.
        std::fs::read_to_string("/proc/self/statm")
            .ok()
            .and_then(|s| s.split_whitespace().nth(1)?.parse::<u64>().ok())
            .map_or(0, |pages| pages * 4096)
    }
    #[cfg(not(target_os = "linux"))]
    {
        0
    }
}

/// The most resident memory of this process since its start, or since [`forget_peak`], bytes;
/// 0 where the system does not say.
pub fn peak_resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok());
    kib.map_or(0, |kib| kib * 1024)
}

/// Lets [`peak_resident_bytes`] count from now on, where the system can.
pub fn forget_peak() {
    // "5" resets the high-water mark. Where that is refused the peak is that of the whole run.
    #[cfg(target_os = "linux")]
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The share of all cores that is computing while this process waits for `length`, 0 to 1: what
/// others take. `None` where the system does not say.
pub fn busy_share(length: std::time::Duration) -> Option<f64> {
    // "cpu  user nice system idle iowait irq softirq steal …", in ticks since the start.
    let ticks = || -> Option<(f64, f64)> {
        let text = std::fs::read_to_string("/proc/stat").ok()?;
        let words = text.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
        let all: Vec<f64> = words.take(8).filter_map(|w| w.parse().ok()).collect();
        Some((all.iter().sum(), all.get(3)? + all.get(4)?))
    };
    let (before, idle_before) = ticks()?;
    std::thread::sleep(length);
    let (after, idle_after) = ticks()?;
    (after > before).then(|| (1.0 - (idle_after - idle_before) / (after - before)).clamp(0.0, 1.0))
}

/// Of the instructions that the engine's paths ask for, those that this CPU has.
pub fn cpu_flags() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    {
        let all = [
            ("avx2", std::arch::is_x86_feature_detected!("avx2")),
            ("fma", std::arch::is_x86_feature_detected!("fma")),
            ("f16c", std::arch::is_x86_feature_detected!("f16c")),
            ("avxvnni", std::arch::is_x86_feature_detected!("avxvnni")),
            ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
            ("avx512bw", std::arch::is_x86_feature_detected!("avx512bw")),
            ("avx512vnni", std::arch::is_x86_feature_detected!("avx512vnni")),
            ("avx512bf16", std::arch::is_x86_feature_detected!("avx512bf16")),
            ("avx512fp16", std::arch::is_x86_feature_detected!("avx512fp16")),
        ];
        all.into_iter().filter_map(|(name, there)| there.then_some(name)).collect()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        Vec::new()
    }
}

/// Anonymous resident memory of this process in bytes: what no file backs, so that the
/// system cannot drop it; 0 where the system does not say.
pub fn anonymous_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"));
    let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok());
    kib.map_or(0, |kib| kib * 1024)
}

/// The CPU's and the system's names, for figures ("AMD EPYC, 2 cores, linux x86_64").
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cpu = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|l| l.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| "unknown CPU".to_owned());
    format!("{cpu}, {cores} cores, {} {}", std::env::consts::OS, std::env::consts::ARCH)
}

/// Does a directory lie on a network share, whose changes by others nobody tells us of?
/// False where the system does not say.
pub fn is_network_share(dir: &Path) -> bool {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let on = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        // Spaces in a mount's path are written so.
        let (at, kind) = (words.next()?.replace("\\040", " "), words.next()?);
        dir.starts_with(&at).then(|| (at.len(), kind.to_owned()))
    });
    let nearest = on.max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind).unwrap_or_default();
    ["nfs", "cifs", "smb", "fuse.sshfs", "9p", "afs", "davfs", "fuse.davfs", "vboxsf"]
        .iter()
        .any(|network| nearest.starts_with(network))
}

/// Says so where the CPU lacks what the binary was built for (x86-64-v3), rather than
/// dying of an illegal instruction in the middle of a turn.
pub fn missing_cpu_features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    {
        let mut missing = Vec::new();
        if !std::arch::is_x86_feature_detected!("avx2") {
            missing.push("AVX2");
        }
        if !std::arch::is_x86_feature_detected!("fma") {
            missing.push("FMA");
        }
        if !std::arch::is_x86_feature_detected!("f16c") {
            missing.push("F16C");
        }
        missing
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        Vec::new()
    }
}

/// How a child process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with whatever exit code.
    Normally,
    /// The system ended it: its computing time was used up.
    OutOfTime,
    /// It crashed, or the system ended it.
    Crashed,
}

/// How a child process ended, as far as the system says.
pub fn ended(status: &std::process::ExitStatus) -> Ended {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        match status.signal() {
            Some(s) if s == rustix::process::Signal::XCPU.as_raw() => return Ended::OutOfTime,
            Some(_) => return Ended::Crashed,
            None => {}
        }
    }
    if status.success() { Ended::Normally } else { Ended::Crashed }
}

/// Bounds this process from now on: bytes of address space, seconds of computing, no files
/// written, no core dumps. Where the system has no such bounds, only the parent's clock
/// bounds it.
///
/// # Errors
/// Where the system refuses.
pub fn bound_self(memory: u64, cpu_seconds: u64) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let bound = |resource, most: u64, hard: u64| {
            setrlimit(resource, Rlimit { current: Some(most), maximum: Some(hard) })
        };
        bound(Resource::As, memory, memory)?;
        // The soft bound ends it with a signal of its own, by which the parent knows why.
        bound(Resource::Cpu, cpu_seconds, cpu_seconds.saturating_add(5))?;
        bound(Resource::Fsize, 0, 0)?;
        bound(Resource::Core, 0, 0)?;
    }
    #[cfg(not(unix))]
    let _ = (memory, cpu_seconds);
    Ok(())
}

/// Where the node of a data directory listens.
///
/// A Unix socket path holds 107 bytes; a deep data directory gets a short name in the
/// system's temporary directory instead, made from a hash of its path.
#[cfg(unix)]
pub fn socket_path(data: &Path) -> PathBuf {
    use sha2::{Digest, Sha256};
    use std::os::unix::ffi::OsStrExt;
    let direct = data.join("node.sock");
    if direct.as_os_str().len() <= 100 {
        return direct;
    }
    let digest = Sha256::digest(data.as_os_str().as_bytes());
    let short: String = digest.iter().take(10).map(|b| format!("{b:02x}")).collect();
    std::env::temp_dir().join(format!("millwright-{short}.sock"))
}

/// A listener on the node's local socket; only the data directory's owner may connect.
#[cfg(unix)]
pub fn listen(path: &Path) -> std::io::Result<tokio::net::UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let listener = tokio::net::UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// A connection to the node's local socket.
#[cfg(unix)]
pub async fn connect(path: &Path) -> std::io::Result<tokio::net::UnixStream> {
    tokio::net::UnixStream::connect(path).await
}

/// Resolves at SIGTERM or SIGHUP (on other systems: at Ctrl-C only, never here).
pub async fn termination() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut term), Ok(mut hup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
            tokio::select! { _ = term.recv() => {}, _ = hup.recv() => {} }
            return;
        }
    }
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_deep_data_directory_still_gets_a_socket_that_fits() {
        let deep = PathBuf::from("/").join("x".repeat(200));
        assert!(socket_path(&deep).as_os_str().len() < 107);
        assert_eq!(socket_path(Path::new("/d")), PathBuf::from("/d/node.sock"));
    }
}
