using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace GpuCnn.Engine.Files;

/// <summary>Writes files whole or not at all: a reader, also after a killed run, finds the old contents or the new, never a part.</summary>
public static partial class AtomicFile
{
    /// <summary>Temporary files that this process is writing now, by full path.</summary>
    private static readonly ConcurrentDictionary<string, bool> Active = new();

    /// <summary>
    /// Writes to a temporary file in the folder of <paramref name="path"/>, flushes it to the disk, renames it over
    /// <paramref name="path"/> and flushes the folder: after a power failure, too, there is the old file or the new one.
    /// On any failure the temporary file is deleted and the old file stays as it was.
    /// </summary>
    /// <param name="path">File in an existing folder.</param>
    /// <param name="write">Writes the contents and leaves the stream open. Its own exceptions pass unchanged.</param>
    /// <param name="expectedBytes">Size of the contents if known; shown to the user when the disk is full.</param>
    /// <exception cref="GpuCnnException">The file system refused: no space, no permission, or no such folder.</exception>
    public static void Write(string path, Action<Stream> write, long? expectedBytes = null)
    {
        string target = path.Length == 0 ? path : Path.GetFullPath(path);
        string? folder = Path.GetDirectoryName(target);
        // A rename would replace the entry of the folder or device instead of writing to it.
        if (string.IsNullOrEmpty(folder) || folder == "/dev" || Directory.Exists(target))
            throw new GpuCnnException($"'{path}' cannot be written: expected a file, but got a folder or a device. Name a file.");

        string temporary = TemporaryName(folder);
        Active[temporary] = true;
        try
        {
            // A shared lock on Unix, which RemoveLeftovers of other processes sees; FileShare.Delete lets Windows rename the open file.
            using var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, bufferSize: 1 << 16);
            write(stream);
            stream.Flush(flushToDisk: true);
            File.Move(temporary, target, overwrite: true);
            FolderFlush.Flush(folder);
        }
        catch (Exception e)
        {
            TryDelete(temporary);
            if (e is IOException or UnauthorizedAccessException) throw Failure(path, folder, expectedBytes, e);
            throw;
        }
        finally
        {
            Active.TryRemove(temporary, out _);
        }
    }

    /// <summary>
    /// Deletes temporary files in <paramref name="directory"/> whose process was killed while writing; keeps those that a running process
    /// still writes. Returns how many it deleted. Ignores files that it may not delete.
    /// </summary>
    /// <param name="directory">The folder; nothing is deleted where it is missing.</param>
    /// <param name="isHeld">Whether this process holds the folder's <see cref="FolderLock"/>, so that no other one writes in it: the id of
    /// a running process then belongs to a later process than the writer.</param>
    public static int RemoveLeftovers(string directory, bool isHeld = false)
    {
        if (!Directory.Exists(directory)) return 0;
        int removed = 0;
        foreach (string file in Files(Path.GetFullPath(directory)))
        {
            Match name = TemporaryPattern().Match(Path.GetFileName(file));
            if (!name.Success || !int.TryParse(name.Groups["pid"].ValueSpan, CultureInfo.InvariantCulture, out int pid)) continue;
            // The lock alone would miss a writer between creating its file and locking it. The process id alone would miss a writer in
            // another container on the same volume, and would keep the files of an earlier process with this process's id.
            if (pid == Environment.ProcessId ? Active.ContainsKey(file) : !isHeld && IsRunning(pid)) continue;
            if (TryDeleteUnlocked(file)) removed++;
        }
        return removed;
    }

    /// <summary>Whether a file of this name is one that <see cref="Write"/> writes to first.</summary>
    internal static bool IsTemporary(string fileName) => TemporaryPattern().IsMatch(fileName);

    internal static string TemporaryName(string folder) =>
        Path.Combine(folder, $"gpucnn-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}.tmp");

    [GeneratedRegex("^gpucnn-(?<pid>[0-9]{1,10})-[0-9a-f]{8}\\.tmp$")]
    private static partial Regex TemporaryPattern();

    private static GpuCnnException Failure(string path, string folder, long? expectedBytes, Exception e)
    {
        string reason = e switch
        {
            DirectoryNotFoundException => $"the folder '{folder}' does not exist. Create it first.",
            UnauthorizedAccessException => "permission denied. Choose a folder you may write to.",
            _ when IsDiskFull(e) => $"the disk is full{Space(folder, expectedBytes)}. Free some space or choose another folder.",
            _ => $"{e.Message.ReplaceLineEndings(" ").TrimEnd('.')}. Check the path and the disk.",
        };
        return new GpuCnnException($"'{path}' cannot be written: {reason}", e);
    }

    /// <summary>ENOSPC on Unix; ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL on Windows.</summary>
    private static bool IsDiskFull(Exception e) =>
        OperatingSystem.IsWindows() ? (uint)e.HResult is 0x80070070 or 0x80070027 : e.HResult == 28;

    private static string Space(string folder, long? expectedBytes)
    {
        List<string> parts = [];
        if (expectedBytes is { } needed) parts.Add($"{needed} bytes needed");
        try
        {
            parts.Add($"{new DriveInfo(folder).AvailableFreeSpace} bytes free");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A network share, or a folder without its own drive: the message is clear without the number.
        }
        return parts.Count == 0 ? "" : $" ({string.Join(", ", parts)})";
    }

    private static string[] Files(string directory)
    {
        try
        {
            return Directory.GetFiles(directory, "gpucnn-*.tmp");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static bool IsRunning(int pid)
    {
        try
        {
            using Process process = Process.GetProcessById(pid);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static bool TryDeleteUnlocked(string file)
    {
        try
        {
            using var exclusive = new FileStream(
                file, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // RemoveLeftovers recognises its name and deletes it later. The failure that led here matters more.
        }
    }
}
