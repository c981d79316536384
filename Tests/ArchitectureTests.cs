using System.Reflection;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace GpuCnn.Tests;

/// <summary>The rules of docs/architecture.md that a program can check.</summary>
public sealed partial class ArchitectureTests
{
    private const int LongestFile = 600;

    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Kernels"] = [],
        ["Engine"] = ["Kernels"],
        ["Models"] = ["Engine", "Kernels"],
        ["Data"] = ["Engine", "Kernels"],
        ["GpuCnn"] = ["Data", "Models", "Engine", "Kernels"],
        ["Cli"] = ["Library", "Data", "Models", "Engine", "Kernels"],
    };

    [TestCaseSource(nameof(Projects))]
    public void ProjectReferencesOnlyAllowedProjects(string project)
    {
        IEnumerable<string> referenced =
            Assembly.Load(project switch { "Cli" => "gpucnn", "GpuCnn" => "GpuCnn.Library", _ => $"GpuCnn.{project}" })
                .GetReferencedAssemblies()
            .Select(name => name.Name!).Where(name => name.StartsWith("GpuCnn.", StringComparison.Ordinal));
        Assert.That(referenced, Is.SubsetOf(Arrows[project].Select(name => $"GpuCnn.{name}")));
    }

    /// <summary>Besides devices and ranks, flushing a folder needs the C library.</summary>
    [Test]
    public void NativeCodeIsCalledFromDevicesAndRanksOnly() =>
        Forbid(NativeImport(), "Engine/Devices/", Code("Kernels", "Engine", "Models", "Data", "GpuCnn", "Cli")
            .Where(file => Path.GetFileName(file) != "FolderFlush.cs"
                && Path.GetFileName(Path.GetDirectoryName(file)) != "Distributed"));

    [Test]
    public void NothingAsksWhichDeviceItIsOn() =>
        Forbid(DeviceCast(), "Engine/Devices/", Code("Kernels", "Engine", "Models", "Data", "GpuCnn", "Cli"));

    /// <summary>Kernels are written once, in C#.</summary>
    [Test]
    public void KernelTextComesFromTheCompiler() =>
        Forbid(KernelText(), "Compiler/", Code("Compiler", "Kernels", "Engine", "Models", "Data", "GpuCnn", "Cli", "Bench"));

    /// <summary>Only Cli gives advice for the command line, because the library has other users.</summary>
    [Test]
    public void OnlyCliMentionsOptionsAndCommands() =>
        Forbid(CommandLineAdvice(), "Engine/Devices/Cuda/", Code("Kernels", "Engine", "Models", "Data", "GpuCnn"));

    [Test]
    public void FilesAreShort()
    {
        IEnumerable<string> tooLong = Code("Kernels", "Engine", "Models", "Data", "GpuCnn", "Cli", "Compiler", "Tests", "Bench")
            .Where(file => File.ReadLines(file).Count() > LongestFile);
        Assert.That(tooLong, Is.Empty, $"files of more than {LongestFile} lines: split them by concern");
    }

    /// <summary>
    /// Paths in backquotes and in links; <c>X.cs</c> and <c>&lt;kind&gt;</c> stand for any name, and a folder may be named from within a
    /// project's.
    /// </summary>
    [Test]
    public void PathsInMarkdownExist()
    {
        string root = Root();
        string[] bases = [root, .. Directory.GetDirectories(root)];
        var missing = new List<string>();
        foreach (string file in Files(root, "*.md"))
        {
            foreach (Match match in MarkdownPath().Matches(File.ReadAllText(file)))
            {
                string path = match.Groups["path"].Value;
                if (path.Contains("X.cs", StringComparison.Ordinal) || path.Contains("XTests.cs", StringComparison.Ordinal)) continue;
                if (!bases.Append(Path.GetDirectoryName(file)!).Any(folder => Path.Exists(Path.Combine(folder, path))))
                    missing.Add($"{Path.GetRelativePath(root, file)}: {path}");
            }
        }
        Assert.That(missing, Is.Empty);
    }

    private static IEnumerable<string> Projects => Arrows.Keys;

    [GeneratedRegex(@"\[\s*(DllImport|LibraryImport)\b|\bNativeLibrary\.")]
    private static partial Regex NativeImport();

    [GeneratedRegex(@"\b(is|as)\s+(not\s+)?(Cpu|Debug|OpenCl|Cuda)Device\b|\((Cpu|Debug|OpenCl|Cuda)Device\)\s*[\w(]")]
    private static partial Regex DeviceCast();

    // Within a string. Options of NVIDIA's compiler belong to Cuda folders.
    [GeneratedRegex(@"""[^""]*(--[a-z]|\bgpucnn (train|eval|predict|summary|models|devices|bench|tune|import|export|data|filter|kernels"
        + @"|explain|profile|report|lr-find)\b)")]
    private static partial Regex CommandLineAdvice();

    [GeneratedRegex("__global__|__kernel")]
    private static partial Regex KernelText();

    // `Folder/file.ext` or `Folder/`, and [text](path); not URLs, and not names in code such as A.B/C.
    [GeneratedRegex(@"`(?<path>(\.?[A-Za-z][\w-]*/)([\w.-]+/)*[\w.-]*)`|\]\((?!\w+:|#)(?<path>[^)#\s]+)(#[^)]*)?\)")]
    private static partial Regex MarkdownPath();

    private static void Forbid(Regex pattern, string exceptIn, IEnumerable<string> files)
    {
        string root = Root();
        IEnumerable<string> found =
            from file in files
            let name = Path.GetRelativePath(root, file).Replace('\\', '/')
            where !name.StartsWith(exceptIn, StringComparison.Ordinal)
            from line in File.ReadLines(file).Index()
            where pattern.IsMatch(line.Item)
            select $"{name}:{line.Index + 1}: {line.Item.Trim()}";
        Assert.That(found, Is.Empty);
    }

    private static IEnumerable<string> Code(params string[] projects)
    {
        string root = Root();
        return projects.SelectMany(project => Files(Path.Combine(root, project), "*.cs"));
    }

    internal static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories).Where(file => !Generated().IsMatch(file));

    [GeneratedRegex(@"[/\\](artifacts|bin|obj|\.git|node_modules)[/\\]")]
    private static partial Regex Generated();

    internal static string Root()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "GpuCnn.sln"))) return folder.FullName;
        Assert.Ignore($"Needs the sources, but no folder above '{AppContext.BaseDirectory}' contains GpuCnn.sln.");
        return "";
    }
}
