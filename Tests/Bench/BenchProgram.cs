using NUnit.Framework;

namespace GpuCnn.Tests.Bench;

/// <summary>The program of the folder Bench.</summary>
internal static class BenchProgram
{
    /// <summary>The program that was built beside the tests; published tests have none.</summary>
    public static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string bin = Path.Combine(folder.FullName, "bin", "Bench");
            if (!Directory.Exists(bin)) continue;
            string[] built = [.. Directory.GetFiles(bin, "GpuCnn.Bench.dll", SearchOption.AllDirectories)
                .OrderByDescending(File.GetLastWriteTimeUtc)];
            if (built.Length > 0) return built[0];
        }
        Assert.Ignore("GpuCnn.Bench.dll was not built beside the tests.");
        return "";
    }
}
