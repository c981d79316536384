namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// Finds folders of CUDA libraries that do not come with the driver: in toolkits and in Python packages.
/// </summary>
internal static class CudaLibraryFolders
{
    /// <summary>Returns the existing folders.</summary>
    /// <param name="package">Folder of the Python package for a part of CUDA: <c>cuda_nvrtc</c>, <c>cublas</c>.</param>
    /// <param name="variable">Returns the value of an environment variable.</param>
    /// <param name="root">Root of the file system.</param>
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
            // Conda installs toolkit libraries here.
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
    /// Returns the folders' files that match a pattern, newer versions first within a folder. A file with several links is returned once.
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

    /// <summary>Returns matching files and folders of a folder, last name first: the newest, if names carry versions.</summary>
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

    /// <summary>Returns the final target of a link, or the file itself.</summary>
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
        // Up to version 12 each part of CUDA is a package; from 13 on each version has a common folder.
        foreach (string part in Matches(Path.Combine(packages, "nvidia"), "cu1*").Append(Path.Combine(packages, "nvidia", package)))
        {
            folders.Add(Path.Combine(part, "lib"));
            folders.Add(Path.Combine(part, "bin"));
            folders.Add(Path.Combine(part, "bin", "x86_64"));
        }
    }
}
