using System.Diagnostics;
using NUnit.Framework;

namespace GpuCnn.Tests.Bench;

/// <summary>The predicted tables of docs/scaling.md.</summary>
public sealed class ScalingTablesTests
{
    [Test]
    public void TheDocumentHasTheTablesOfTheCommand()
    {
        var start = new ProcessStartInfo("dotnet", [BenchProgram.Find(), "scaling"]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string[] lines = process.StandardOutput.ReadToEnd().ReplaceLineEndings("\n").Split('\n');
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero);
        Assert.That(lines.Count(line => line.StartsWith("| resnet50", StringComparison.Ordinal)), Is.EqualTo(9));
        string document = File.ReadAllText(Path.Combine(ArchitectureTests.Root(), "docs", "scaling.md"));
        foreach (string line in lines) Assert.That(document, Does.Contain(line));
    }
}
