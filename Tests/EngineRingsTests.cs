using System.Text.RegularExpressions;
using GpuCnn.Engine.Devices;
using NUnit.Framework;

namespace GpuCnn.Tests;

/// <summary>
/// Engine's folders form rings. C# reaches another folder's types only through a using directive or a qualified name, or by inference
/// from a member whose own file has one; so what a file names is what it uses.
/// </summary>
public sealed class EngineRingsTests
{
    /// <summary>From the lowest up; a folder uses its own types and those of folders before it. The empty name is Engine itself.</summary>
    private static readonly string[] Rings =
    [
        "", "Files", "Tensors", "Sets", "Distributed", "Datasets", "Graphs", "Plans", "Devices", "Layers", "Losses", "Optimizers",
        "Schedules", "Checkpoints", "Training", "Tuning",
    ];

    // Types and inner folders of each folder, as a qualified name goes on after it.
    private static readonly ILookup<string, string> Members = (
        from type in typeof(Device).Assembly.GetTypes()
        let parts = (type.Namespace ?? "").Split('.')
        where parts is ["GpuCnn", "Engine", _, ..]
        from member in parts.Length > 3 ? new[] { parts[3] } : [type.Name.Split('`')[0]]
        select (Folder: parts[2], member)).Distinct().ToLookup(found => found.Folder, found => found.member);

    [Test]
    public void EveryFolderHasARing() =>
        Assert.That(Sources().Select(source => source.Folder).Distinct(), Is.SubsetOf(Rings),
            "folders of Engine; give a new one its place in the list");

    [Test]
    public void AFolderUsesNoneThatComesAfterIt()
    {
        IEnumerable<string> found =
            from source in Sources()
            from used in UsedBy(source.Text)
            where Array.IndexOf(Rings, used) > Array.IndexOf(Rings, source.Folder)
            select $"{source.Name} uses {used}";
        Assert.That(found, Is.Empty);
    }

    /// <summary>A namespace tells the folder, and nothing is in scope that a file does not name.</summary>
    [Test]
    public void NamespacesFollowFolders()
    {
        foreach ((string name, _, string text) in Sources())
        {
            string expected = string.Join('.', ["GpuCnn", .. Path.GetDirectoryName(name)!.Split(Path.DirectorySeparatorChar)]);
            Assert.That(Regex.Match(text, @"^namespace ([\w.]+);", RegexOptions.Multiline).Groups[1].Value, Is.EqualTo(expected), name);
            Assert.That(text, Does.Not.Contain("global using"), name);
        }
    }

    [TestCase("using GpuCnn.Engine.Devices.Cpu;", "Devices")]
    [TestCase("using Kernel = GpuCnn.Engine.Devices.Launch;", "Devices")]
    [TestCase("private readonly Devices.Cpu.CpuDevice _device;", "Devices")]
    [TestCase("new Engine.Devices.DeviceSettings()", "Devices")]
    [TestCase("emitter.Layers.Add(x)", null)]
    [TestCase("foreach (int loss in Losses.Span)", null)]
    public void FindsWhatAFileNames(string text, string? used) =>
        Assert.That(UsedBy(text).Distinct(), used is null ? Is.Empty : Is.EqualTo(new[] { used }));

    private static IEnumerable<string> UsedBy(string text)
    {
        foreach (Match match in Regex.Matches(text, @"\bGpuCnn\.Engine\.(?<folder>\w+)")) yield return match.Groups["folder"].Value;
        foreach (Match match in Regex.Matches(text, @"(?<![\w.])(Engine\.)?(?<folder>[A-Z]\w*)\.(?<member>[A-Z]\w*)"))
        {
            string folder = match.Groups["folder"].Value;
            if (Members[folder].Contains(match.Groups["member"].Value)) yield return folder;
        }
    }

    private static IEnumerable<(string Name, string Folder, string Text)> Sources()
    {
        string root = ArchitectureTests.Root(), engine = Path.Combine(root, "Engine");
        foreach (string file in ArchitectureTests.Files(engine, "*.cs"))
        {
            string[] parts = Path.GetRelativePath(engine, file).Split(Path.DirectorySeparatorChar);
            yield return (Path.GetRelativePath(root, file), parts.Length > 1 ? parts[0] : "", File.ReadAllText(file));
        }
    }
}
