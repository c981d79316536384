namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// Where CUDA's libraries are that do not come with the driver: in toolkits, and in Python packages that many have for other reasons.
/// </summary>
internal static class CudaLibraryFolders
{
    /// <summary>The folders; those that are not there are left out.</summary>
    /// <param name="package">Folder of Python's package of one part of CUDA: <c>cuda_nvrtc</c>, <c>cublas</c>.</param>
    /// <param name="variable">The value of an environment variable.</param>
    /// <param name="root">What stands for the root of the file system.</param>
    public static IEnumerable<string> Of(string package, Func<string, string?> variable, string root)
    {
        var folders = new List<string>();
        foreach (string name in (string[])["CUDA_PATH", "CUDA_HOME"])
            if (variable(name) is { Length: > 0 } toolkit) AddToolkit(folders, toolkit);
        string local = Path.Combine(root, "usr", "local");
        foreach (string toolkit in Matches(local, "cuda*")) AddToolkit(folders, toolkit);

        foreach (string name in (string[])["VIRTUAL_ENV", "CONDA_PREFIX"])
        {
            if (variable(name) is not { Length: > 0 } environment) continue;
            // Conda has a toolkit's libraries of its own.
            folders.Add(Path.Combine(environment, "lib"));
            folders.Add(Path.Combine(environment, "Library", "bin"));
            AddPackages(folders, Path.Combine(environment, "Lib", "site-packages"), package);
            AddPythons(folders, Path.Combine(environment, "lib"), package);
        }
        if (variable("HOME") is { Length: > 0 } home) AddPythons(folders, Path.Combine(home, ".local", "lib"), package);
        AddPythons(folders, Path.Combine(local, "lib"), package);
        AddPythons(folders, Path.Combine(root, "usr", "lib"), package);
        return folders.Distinct().Where(Directory.Exists);
    }

    /// <summary>
    /// Files of the folders that match a pattern, each once though toolkits have several links to it, newer ones of a folder first.
    /// </summary>
    public static IEnumerable<string> Files(IEnumerable<string> folders, params IReadOnlyList<string> patterns)
    {
        var seen = new HashSet<string>();
        foreach (string folder in folders)
        {
            foreach (string file in patterns.SelectMany(pattern => Matches(folder, pattern)))
                if (seen.Add(Target(file))) yield return file;
        }
    }

    /// <summary>Files and folders of a folder whose names match; the last first, which is the newest of names with versions.</summary>
    public static IEnumerable<string> Matches(string folder, string pattern)
    {
        try
        {
            return Directory.Exists(folder)
                ? [.. Directory.EnumerateFileSystemEntries(folder, pattern).OrderDescending(StringComparer.Ordinal)]
                : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>What a link leads to in the end; other files themselves.</summary>
    public static string Target(string file)
    {
        try
        {
            return File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return file;
        }
    }

    private static void AddToolkit(List<string> folders, string toolkit)
    {
        folders.Add(Path.Combine(toolkit, "lib64"));
        folders.Add(Path.Combine(toolkit, "targets", "x86_64-linux", "lib"));
        folders.Add(Path.Combine(toolkit, "targets", "sbsa-linux", "lib"));
        folders.Add(Path.Combine(toolkit, "bin"));
        folders.Add(Path.Combine(toolkit, "bin", "x64"));
    }

    private static void AddPythons(List<string> folders, string lib, string package)
    {
        foreach (string python in Matches(lib, "python3*"))
        {
            AddPackages(folders, Path.Combine(python, "site-packages"), package);
            AddPackages(folders, Path.Combine(python, "dist-packages"), package);
        }
    }

    private static void AddPackages(List<string> folders, string packages, string package)
    {
        // One package for each part of CUDA up to version 12, a common folder for each version from 13 on.
        foreach (string part in Matches(Path.Combine(packages, "nvidia"), "cu1*").Append(Path.Combine(packages, "nvidia", package)))
        {
            folders.Add(Path.Combine(part, "lib"));
            folders.Add(Path.Combine(part, "bin"));
            folders.Add(Path.Combine(part, "bin", "x86_64"));
        }
    }
}
