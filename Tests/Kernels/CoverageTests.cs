using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Fails for kernels that no test launches. It runs the launches: naming a kernel is not enough.</summary>
public sealed class CoverageTests
{
    private static readonly Lazy<IReadOnlyDictionary<string, LaunchedVariant>> Launched = new(() =>
        RunAll<DebugSampleDevice>().SelectMany(device => device.Launched).DistinctBy(launch => launch.Key).ToDictionary());

    /// <summary>Each variant of each kernel that tests launch, by its CUDA C.</summary>
    internal static IReadOnlyDictionary<string, LaunchedVariant> Variants => Launched.Value;

    [Test]
    public void EveryKernelIsLaunched() =>
        Assert.That(NamesOf(_ => true).Except(Variants.Values.Select(variant => variant.Name)),
            Is.Empty, "kernels that no RunAll launches");

    /// <summary>Runs each kernel once, on something small, with its results checked.</summary>
    [Test]
    public void EveryKernelRunsOnIlgpusCpuAccelerator() =>
        Assert.That(NamesOf(text => !text.NeedsCudaC)
            .Except(RunAll<IlgpuCpuSampleDevice>().SelectMany(device => ((IlgpuCpuSampleDevice)device).Ran)), Is.Empty,
            "kernels that the accelerator did not run");

    /// <summary>Compiles every variant, none of which may keep in memory what belongs in registers.</summary>
    [Test]
    public void EveryKernelCompilesToPtx()
    {
        Clang.Require();
        Assert.Multiple(() =>
        {
            foreach ((string source, LaunchedVariant variant) in Variants)
            {
                string ptx = Clang.ToPtx(source);
                Assert.That(ptx, Does.Contain($".entry {variant.Name}("));
                Assert.That(Clang.LocalAccesses(ptx), Is.Zero, $"{variant.Name}: loads and stores of local memory");
            }
        });
    }

    private static string[] NamesOf(Predicate<KernelText> choice)
    {
        string[] names = [.. KernelText.All(typeof(IKernel).Assembly).Where(text => choice(text)).Select(text => text.Name)];
        Assert.That(names, Is.Not.Empty);
        return names;
    }

    private static SampleDevice[] RunAll<TDevice>() where TDevice : SampleDevice => [.. typeof(CoverageTests).Assembly.GetTypes()
        .Where(type => type is { IsAbstract: false, IsGenericTypeDefinition: true } && type.IsAssignableTo(typeof(IKernelTests)))
        .Select(type => ((IKernelTests)Activator.CreateInstance(type.MakeGenericType(typeof(TDevice)))!).LaunchAll())];
}
