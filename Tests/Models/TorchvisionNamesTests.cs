using GpuCnn.Engine.Graphs;
using GpuCnn.Models;
using NUnit.Framework;

namespace GpuCnn.Tests.Models;

/// <summary>Tensors have the names and shapes of torchvision's (make_torchvision_names.py), so that its weights fit.</summary>
public sealed class TorchvisionNamesTests
{
    private static readonly Dictionary<string, string[]> Golden = Read();

    public static IEnumerable<string> Names => Golden.Keys;

    [TestCaseSource(nameof(Names))]
    public void AreTheSame(string name)
    {
        Network network = Architecture.Find(name).Build();
        Assert.That(
            network.Parameters.Select(parameter => $"{parameter.Path} [{string.Join(", ", parameter.Spec.Dimensions)}]").Order(StringComparer.Ordinal),
            Is.EqualTo(Golden[name].Order(StringComparer.Ordinal)));
    }

    private static Dictionary<string, string[]> Read()
    {
        var networks = new Dictionary<string, string[]>();
        var lines = new List<string>();
        foreach (string line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Models", "torchvision-names.txt")).Reverse())
        {
            if (line.StartsWith("= ", StringComparison.Ordinal))
            {
                networks.Add(line[2..], [.. lines]);
                lines.Clear();
            }
            else lines.Add(line);
        }
        return networks;
    }
}
