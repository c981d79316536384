using GpuCnn.Engine;
using NUnit.Framework;

namespace GpuCnn.Tests;

/// <summary>Finds files for tests.</summary>
internal static class TestData
{
    /// <summary>The folder of GpuCnn.sln.</summary>
    public static string RepositoryRoot => Root.Value;

    private static readonly Lazy<string> Root = new(FindRoot);

    /// <summary>
    /// Returns a data set's folder below GPUCNN_DATA or ../shared/data; ignores the test, with the reason, if there is none.
    /// </summary>
    public static string Require(string name)
    {
        // Published tests have no repository around them.
        string[] places = Environment.GetEnvironmentVariable("GPUCNN_DATA") is { Length: > 0 } chosen ? [chosen]
            : [Path.Combine(RepositoryRoot, "..", "shared", "data")];
        string? found = places.Where(place => place.Length > 0).Select(place => Path.Combine(place, name)).FirstOrDefault(Directory.Exists);
        if (found is null) Assert.Ignore($"Needs the data set '{name}', which is neither below GPUCNN_DATA nor in ../shared/data.");
        return found!;
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "GpuCnn.sln"))) return folder.FullName;
        throw new InvalidOperationException($"GpuCnn.sln is in no folder above '{AppContext.BaseDirectory}'.");
    }
}

/// <summary>A folder that is deleted after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Path = Directory.CreateTempSubdirectory("gpucnn-test-").FullName;

    public string Path { get; }

    public string this[params string[] parts] => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Writes a file, and creates the folders above it.</summary>
    public string Add(byte[] content, params string[] parts)
    {
        string path = this[parts];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>Checks the rules for all errors for users.</summary>
internal static class OneLine
{
    /// <summary>
    /// Runs <paramref name="action"/>, which must throw a one-line <see cref="GpuCnnException"/> that mentions all <paramref
    /// name="parts"/>.
    /// </summary>
    public static GpuCnnException Thrown(Action action, params string[] parts)
    {
        GpuCnnException e = Assert.Catch<GpuCnnException>(() => action())!;
        Assert.That(e.Message, Does.Match(@"^[^\r\n]+[.?')]\z"));
        foreach (string part in parts) Assert.That(e.Message, Does.Contain(part));
        return e;
    }
}
