using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>What no test launches is red. The launches are made, not listed: naming a kernel is not enough.</summary>
public sealed class CoverageTests
{
    private static readonly Lazy<IReadOnlyDictionary<string, string>> Launched = new(RunAll);

    [Test]
    public void EveryKernelIsLaunched()
    {
        string[] kernels = [.. KernelText.All(typeof(IKernel).Assembly).Select(text => text.Name)];
        Assert.That(kernels, Is.Not.Empty);
        Assert.That(kernels.Except(Launched.Value.Values), Is.Empty, "kernels that no RunAll launches");
    }

    /// <summary>Every variant, and none of them keeps in memory what it should keep in registers.</summary>
    [Test]
    public void EveryKernelCompilesToPtx()
    {
        Clang.Require();
        Assert.Multiple(() =>
        {
            foreach ((string source, string name) in Launched.Value)
            {
                string ptx = Clang.ToPtx(source);
                Assert.That(ptx, Does.Contain($".entry {name}("));
                Assert.That(Clang.LocalAccesses(ptx), Is.Zero, $"{name}: loads and stores of local memory");
            }
        });
    }

    private static Dictionary<string, string> RunAll() => typeof(CoverageTests).Assembly.GetTypes()
        .Where(type => type is { IsAbstract: false, IsGenericTypeDefinition: true } && type.IsAssignableTo(typeof(IKernelTests)))
        .SelectMany(type => ((IKernelTests)Activator.CreateInstance(type.MakeGenericType(typeof(DebugSampleDevice)))!).Launches())
        .DistinctBy(launch => launch.Key).ToDictionary();
}
