using System.IO.Compression;

namespace GpuCnn.Tests.Data;

/// <summary>The small JPEGs that make_jpeg_vectors.py wrote.</summary>
internal static class JpegVectors
{
    public static string Folder => Path.Combine(TestData.RepositoryRoot, "Tests", "Data", "vectors");

    /// <summary>Files by name, including expected.txt.</summary>
    public static IReadOnlyDictionary<string, byte[]> Files { get; } = Read();

    private static Dictionary<string, byte[]> Read()
    {
        Dictionary<string, byte[]> files = [];
        using ZipArchive zip = ZipFile.OpenRead(Path.Combine(Folder, "jpeg.zip"));
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
