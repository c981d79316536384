using System.IO.Compression;
using System.Text;

namespace GpuCnn.Tests.Data;

/// <summary>Files of every kind that a data folder may hold. make_odd_files.py wrote them, and explains the verdicts.</summary>
internal static class OddFiles
{
    private static readonly Dictionary<string, byte[]> Entries = Read();

    public static IReadOnlyList<OddFile> All { get; } =
    [
        .. Encoding.UTF8.GetString(Entries["index.txt"]).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 5))
            .Select(p => new OddFile(
                p[0], p[1], int.Parse(p[2]), int.Parse(p[3]), p[4], Entries[p[0]], Entries.GetValueOrDefault(p[0] + ".rgb"))),
    ];

    public static byte[] Content(string name) => Entries[name];

    private static Dictionary<string, byte[]> Read()
    {
        Dictionary<string, byte[]> files = [];
        using ZipArchive zip = ZipFile.OpenRead(Path.Combine(JpegVectors.Folder, "odd.zip"));
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            using Stream stream = entry.Open();
            MemoryStream content = new();
            stream.CopyTo(content);
            files[entry.FullName] = content.ToArray();
        }
        return files;
    }
}

/// <summary>One of the files.</summary>
/// <param name="Name">Its extension may be wrong.</param>
/// <param name="Verdict">equal, near, read, refuse or either.</param>
/// <param name="Width">Columns of the picture.</param>
/// <param name="Height">Rows of the picture.</param>
/// <param name="What">Description.</param>
/// <param name="Content">The file.</param>
/// <param name="Pixels">[Height, Width, 3] as Pillow reads it; null if that is no reference.</param>
internal sealed record OddFile(string Name, string Verdict, int Width, int Height, string What, byte[] Content, byte[]? Pixels)
{
    public override string ToString() => $"{Name} ({What})";
}
