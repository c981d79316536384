using GpuCnn.Engine;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli;

/// <summary>The weights files that a user names: files, or folders of runs for their weights.</summary>
internal static class WeightsPath
{
    /// <summary>Splits paths at commas, unless a file or a folder has that whole name, and resolves each.</summary>
    /// <exception cref="UsageException">There is nothing between two commas.</exception>
    public static string[] ResolveAll(string paths)
    {
        if (Path.Exists(paths)) return [Resolve(paths)];
        string[] parts = paths.Split(',', StringSplitOptions.TrimEntries);
        return parts.All(part => part.Length > 0) ? [.. parts.Select(Resolve)]
            : throw new UsageException($"--weights expects files between single commas, but got '{paths}'.");
    }

    /// <summary>The file itself; of a run's folder its best weights, or the final ones if it kept no best.</summary>
    /// <exception cref="GpuCnnException">The folder is no run's, or the run has no weights yet.</exception>
    public static string Resolve(string path)
    {
        if (!Directory.Exists(path)) return path;
        RunDirectory run = RunDirectory.Look(path);
        if (File.Exists(run.BestPath)) return run.BestPath;
        if (File.Exists(run.FinalPath)) return run.FinalPath;
        string checkpoint = run.Checkpoints().FirstOrDefault() is { } newest ? $", or name its checkpoint {Words(newest)}" : "";
        throw new GpuCnnException($"The run in '{path}' has no {Path.GetFileName(run.BestPath)} and no "
            + $"{Path.GetFileName(run.FinalPath)} yet; "
            + $"finish it with: gpucnn train --resume {Words(path)}{checkpoint}");

        static string Words(string name) => Output.Words.Quote(name);
    }
}
