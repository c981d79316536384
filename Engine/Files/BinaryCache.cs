using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace GpuCnn.Engine.Files;

/// <summary>What a compiled program is found by: a hash of everything that its bytes depend on.</summary>
internal readonly record struct BinaryKey(string Hex)
{
    public static BinaryKey Of(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (string part in parts)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(part);
            // With lengths, so that no two lists of parts run together to the same bytes.
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }
        return new(Convert.ToHexStringLower(hash.GetHashAndReset()));
    }
}

/// <summary>
/// Compiled programs as files, for the next process. A driver may crash on a damaged binary, so each file says what it is, and one
/// that is not exactly what was asked for is as good as none. Nothing here can fail a run: without the cache it only starts later.
/// </summary>
/// <remarks>
/// A file is: 8 bytes <c>GPUCNNBC</c>, version (int32), key (32 bytes), length of the binary (int64), SHA-256 of the binary, the binary.
/// Numbers are little-endian.
/// </remarks>
/// <param name="folder">Made when the first file is written. Null keeps nothing.</param>
internal sealed class BinaryCache(string? folder)
{
    private const int Version = 1;
    private const int HeaderBytes = 8 + 4 + 32 + 8 + 32;
    private const long LargestFile = 1L << 30;

    private bool _prepared;

    public string? Folder { get; } = folder;

    /// <summary>Why the last file that could not be written was not, or null.</summary>
    public string? Problem { get; private set; }

    /// <summary>
    /// GPUCNN_CACHE, or <c>gpucnn</c> in the system's folder for what can be made again; null where there is none.
    /// </summary>
    /// <param name="kind">A folder below that one.</param>
    public static string? DefaultFolder(string kind) => DefaultFolder(kind, Environment.GetEnvironmentVariable);

    internal static string? DefaultFolder(string kind, Func<string, string?> variable)
    {
        if (variable("GPUCNN_CACHE") is { Length: > 0 } chosen) return Path.Combine(Path.GetFullPath(chosen), kind);
        // Relative paths there are to be ignored, says the XDG specification.
        if (variable("XDG_CACHE_HOME") is { } cache && Path.IsPathFullyQualified(cache)) return Path.Combine(cache, "gpucnn", kind);
        if (OperatingSystem.IsLinux())
            return variable("HOME") is { } home && Path.IsPathFullyQualified(home) ? Path.Combine(home, ".cache", "gpucnn", kind) : null;
        string local = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        return local.Length == 0 ? null : Path.Combine(local, "gpucnn", kind);
    }

    /// <summary>Null where there is no such file, or where it is damaged or another program's.</summary>
    public byte[]? Read(BinaryKey key)
    {
        if (Folder == null) return null;
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
        if (Folder == null) return;
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

    /// <summary>The folder is the user's alone where it is made here: what lies in it is run.</summary>
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
