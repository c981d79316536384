namespace GpuCnn.Cli.Output;

/// <summary>Paths in commands that a user copies from the terminal.</summary>
internal static class ShownPath
{
    /// <summary>
    /// A path as a shell's word: relative to the current folder if it lies below, otherwise as given, and quoted where needed.
    /// </summary>
    public static string Of(string path)
    {
        if (Path.IsPathRooted(path))
        {
            string relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
            if (!Path.IsPathRooted(relative) && relative.Split(Path.DirectorySeparatorChar)[0] != "..") path = relative;
        }
        // A leading hyphen would make it an option.
        return Words.Quote(path.StartsWith('-') ? Path.Combine(".", path) : path);
    }
}
