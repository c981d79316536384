using GpuCnn.Engine.Graphs;
using GpuCnn.Models;
using NUnit.Framework;

namespace GpuCnn.Tests.Models;

/// <summary>Parameters have the names and shapes of torchvision's (make_torchvision_names.py), so that its weights load.</summary>
public sealed class TorchvisionNamesTests
{
    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Models", "Torchvision");

    /// <summary>Networks of the folder, which has a file for each under its name in this project.</summary>
    public static IEnumerable<string> Names =>
        Directory.EnumerateFiles(Folder, "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Names))]
    public void NamesAndShapesMatchTorchvision(string name)
    {
        Network network = Architecture.Find(name).Build();
        Assert.That(
            network.Parameters.Select(parameter => $"{parameter.Path} [{string.Join(", ", parameter.Spec.Dimensions)}]")
                .Order(StringComparer.Ordinal),
            Is.EqualTo(File.ReadLines(Path.Combine(Folder, $"{name}.txt")).Order(StringComparer.Ordinal)));
    }
}
