using System.Runtime.InteropServices;

namespace GpuCnn.Engine.Files;

/// <summary>Flushes a folder's entries to the disk, so that a rename survives a power failure. .NET has no call for it.</summary>
internal static partial class FolderFlush
{
    /// <summary>
    /// Calls <c>fsync</c> on the folder. Does nothing on Windows, whose file systems write entries in order, and where the file system
    /// refuses: the renamed file is whole in either case.
    /// </summary>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        try
        {
            int handle = Open(folder, 0);
            if (handle < 0) return;
            _ = Synchronize(handle);
            _ = Close(handle);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // A system without the C library under this name.
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Synchronize(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);
}
