using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace GpuCnn.Engine.Files;

/// <summary>Identifies a compiled program by a hash of everything that its bytes depend on.</summary>
internal readonly record struct BinaryKey(string Hex)
{
    public static BinaryKey Of(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (string part in parts)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(part);
            // Lengths keep two different lists of parts from giving the same bytes.
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }
        return new(Convert.ToHexStringLower(hash.GetHashAndReset()));
    }
}

/// <summary>
/// Keeps compiled programs as files for later processes. A damaged binary may crash a driver, so each file carries its key and a checksum,
/// and a file that does not match counts as missing. The cache never fails a run: without it, a run only starts later.
/// </summary>
/// <remarks>
/// A file is: 8 bytes <c>GPUCNNBC</c>, version (int32), key (32 bytes), length of the binary (int64), SHA-256 of the binary, the binary.
/// Numbers are little-endian.
/// </remarks>
/// <param name="folder">Created when the first file is written; null keeps nothing.</param>
internal sealed class BinaryCache(string? folder)
{
    private const int Version = 1;
    private const int HeaderBytes = 8 + 4 + 32 + 8 + 32;
    private const long LargestFile = 1L << 30;

    private bool _prepared;

    public string? Folder { get; } = folder;

    /// <summary>Why the last failed write failed, or null.</summary>
    public string? Problem { get; private set; }

    /// <summary>Returns GPUCNN_CACHE, or <c>gpucnn</c> in the system's cache folder; null if the system has none.</summary>
    /// <param name="kind">Name of a subfolder.</param>
    public static string? DefaultFolder(string kind) => DefaultFolder(kind, Environment.GetEnvironmentVariable);

    internal static string? DefaultFolder(string kind, Func<string, string?> variable)
    {
        if (variable("GPUCNN_CACHE") is { Length: > 0 } chosen) return Path.Combine(Path.GetFullPath(chosen), kind);
        // The XDG specification says to ignore relative paths.
        if (variable("XDG_CACHE_HOME") is { } cache && Path.IsPathFullyQualified(cache)) return Path.Combine(cache, "gpucnn", kind);
        if (OperatingSystem.IsLinux())
            return variable("HOME") is { } home && Path.IsPathFullyQualified(home) ? Path.Combine(home, ".cache", "gpucnn", kind) : null;
        string local = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        return local.Length == 0 ? null : Path.Combine(local, "gpucnn", kind);
    }

    /// <summary>Returns the program, or null if its file is missing, damaged or for another key.</summary>
    public byte[]? Read(BinaryKey key)
    {
        if (Folder is null) return null;
        try
        {
            using var stream = new FileStream(PathOf(key), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            if (stream.Length is <= HeaderBytes or > LargestFile) return null;
            Span<byte> header = stackalloc byte[HeaderBytes];
            stream.ReadExactly(header);
            var binary = new byte[stream.Length - HeaderBytes];
            Span<byte> expected = stackalloc byte[HeaderBytes];
            stream.ReadExactly(binary);
            WriteHeader(expected, key, binary);
            return header.SequenceEqual(expected) ? binary : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Write(BinaryKey key, byte[] binary)
    {
        if (Folder is null) return;
        try
        {
            Prepare(Folder);
            AtomicFile.Write(PathOf(key), stream =>
            {
                Span<byte> header = stackalloc byte[HeaderBytes];
                WriteHeader(header, key, binary);
                stream.Write(header);
                stream.Write(binary);
            }, HeaderBytes + binary.LongLength);
        }
        catch (Exception e) when (e is GpuCnnException or IOException or UnauthorizedAccessException)
        {
            Problem = e.Message;
        }
    }

    internal string PathOf(BinaryKey key) => Path.Combine(Folder!, key.Hex + ".bin");

    /// <summary>Creates the folder for the user alone, because the programs in it are run.</summary>
    private void Prepare(string folder)
    {
        if (_prepared) return;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        AtomicFile.RemoveLeftovers(folder);
        _prepared = true;
    }

    private static void WriteHeader(Span<byte> header, BinaryKey key, byte[] binary)
    {
        "GPUCNNBC"u8.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], Version);
        Convert.FromHexString(key.Hex, header.Slice(12, 32), out _, out _);
        BinaryPrimitives.WriteInt64LittleEndian(header[44..], binary.LongLength);
        SHA256.HashData(binary, header[52..]);
    }
}
