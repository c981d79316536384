using System.Globalization;

namespace GpuCnn.Engine.Files;

/// <summary>
/// A folder held by one process. The system releases it when the process ends in any way, so a crashed owner leaves nothing to clean up.
/// </summary>
/// <remarks>
/// Locks the file <c>.lock</c> exclusively (<c>flock</c> on Unix). <c>.owner</c> names the process for messages. On NFS, Linux passes the
/// lock to the server, which holds it for all machines; mounted with <c>nolock</c> or <c>local_lock=flock</c> it holds within one machine.
/// A file system without locks refuses nobody.
/// </remarks>
public sealed class FolderLock : IDisposable
{
    private const string LockName = ".lock", OwnerName = ".owner";
    private const int LongestOwner = 200, MostAttempts = 1000;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly string _folder;
    private readonly Lock _gate = new();
    private FileStream? _file;

    private FolderLock(string folder, FileStream file) => (_folder, _file) = (folder, file);

    /// <summary>Takes the folder, and creates it where it is missing.</summary>
    /// <exception cref="FolderInUseException">Another process has it.</exception>
    /// <exception cref="IOException">The folder cannot be created or written.</exception>
    public static FolderLock Take(string folder) => TryTake(folder) ?? throw new FolderInUseException(folder, OwnerOf(folder));

    /// <summary>Takes the folder, and creates it where it is missing. Returns null if another process has it.</summary>
    /// <exception cref="IOException">The folder cannot be created or written.</exception>
    public static FolderLock? TryTake(string folder)
    {
        string path = Path.Combine(folder, LockName);
        for (int attempt = 1; ; attempt++)
        {
            FileStream file;
            try
            {
                Create(folder, attempt);
                file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
            }
            catch (IOException e) when (IsHeld(e))
            {
                return null;
            }
            catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException && attempt < MostAttempts)
            {
                // Its owner removed it in between, and another may have made it again.
                continue;
            }
            if (IsRemoved(file, path))
            {
                file.Dispose();
                continue;
            }
            var held = new FolderLock(folder, file);
            held.WriteOwner();
            return held;
        }
    }

    /// <summary>Whether the folder has been held before, so that it is no folder of the user's own.</summary>
    public static bool IsMarked(string folder) => File.Exists(Path.Combine(folder, LockName));

    /// <summary>Whether a file of a held folder belongs to the lock.</summary>
    public static bool Owns(string fileName) => fileName is LockName or OwnerName;

    /// <summary>Releases the folder. Its <c>.lock</c> stays: a process that waits for it may have it open.</summary>
    public void Dispose() => Release(removeFolder: false);

    /// <summary>Releases the folder and removes it, if nothing else is in it.</summary>
    public void DisposeAndRemove() => Release(removeFolder: true);

    /// <summary>Who holds the folder: "process 4711 on host since 2026-11-28 03:10:52 UTC"; null if unknown.</summary>
    internal static string? OwnerOf(string folder)
    {
        // The owner writes its name just after it has taken the lock.
        for (int attempt = 0; attempt < 10; attempt++)
        {
            try
            {
                using var reader = new StreamReader(new FileStream(
                    Path.Combine(folder, OwnerName), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
                char[] text = new char[LongestOwner];
                string owner = new(text, 0, reader.ReadBlock(text));
                if (owner.EndsWith('\n')) return string.Concat(owner.Where(letter => !char.IsControl(letter)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Not there yet, or not for this user.
            }
            Thread.Sleep(Pause);
        }
        return null;
    }

    private static void Create(string folder, int attempt)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (IOException e) when (e is not DirectoryNotFoundException && !File.Exists(folder) && attempt < MostAttempts)
        {
            // It was there when it was to be made, and removed just after; it may be there again.
            throw new DirectoryNotFoundException(e.Message, e);
        }
    }

    private void WriteOwner()
    {
        string since = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        try
        {
            File.WriteAllText(Path.Combine(_folder, OwnerName),
                $"process {Environment.ProcessId} on {Environment.MachineName} since {since} UTC\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Only messages need it.
        }
    }

    private void Release(bool removeFolder)
    {
        lock (_gate)
        {
            if (_file is null) return;
            TryDelete(OwnerName);
            // Removed while it is held: whoever has it open finds it removed.
            if (removeFolder && HoldsNothing())
            {
                if (!OperatingSystem.IsWindows()) TryDelete(LockName);
                _file.Dispose();
                if (OperatingSystem.IsWindows()) TryDelete(LockName);
                TryDeleteFolder();
            }
            _file.Dispose();
            _file = null;
        }
    }

    private bool HoldsNothing()
    {
        try
        {
            return Directory.GetFileSystemEntries(_folder).All(entry => Path.GetFileName(entry) == LockName);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void TryDelete(string name)
    {
        try
        {
            File.Delete(Path.Combine(_folder, name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next owner overwrites it.
        }
    }

    private void TryDeleteFolder()
    {
        try
        {
            Directory.Delete(_folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process has it already.
        }
    }

    /// <summary>EWOULDBLOCK of Linux and of BSD; ERROR_SHARING_VIOLATION of Windows.</summary>
    private static bool IsHeld(IOException exception) => OperatingSystem.IsWindows()
        ? (uint)exception.HResult == 0x80070020 : exception.HResult is 11 or 35;

    /// <summary>Whether the file was removed between being opened and being locked, so that others lock another one of its name.</summary>
    private static bool IsRemoved(FileStream file, string path)
    {
        if (!File.Exists(path)) return true;
        if (!OperatingSystem.IsLinux()) return false;
        string? target = new FileInfo($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}").LinkTarget;
        return target?.EndsWith(" (deleted)", StringComparison.Ordinal) == true;
    }
}

/// <summary>Another process has a folder for itself.</summary>
/// <param name="path">The folder.</param>
/// <param name="owner">The process, if known.</param>
public sealed class FolderInUseException(string path, string? owner)
    : GpuCnnException($"'{path}' is in use by {owner ?? "another process"}.")
{
    public string Path { get; } = path;
}
