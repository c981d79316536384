namespace GpuCnn.Cli.Output;

/// <summary>Files that a command writes after long work.</summary>
internal static class OutputFile
{
    /// <summary>Refuses a path that cannot be written, before the work begins.</summary>
    /// <exception cref="UsageException">It is a folder, or in no folder.</exception>
    public static void Check(string path)
    {
        if (Directory.Exists(path)) throw new UsageException($"'{path}' cannot be written: it is a folder. Name a file.");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? path;
        if (!Directory.Exists(folder)) throw new UsageException($"'{path}' cannot be written: there is no folder '{folder}'.");
    }
}
