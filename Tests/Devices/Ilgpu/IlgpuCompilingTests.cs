using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Engine.Devices.Ilgpu.Compiling;
using GpuCnn.Engine.Files;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Compiler.Samples;
using GpuCnn.Tests.Kernels;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Ilgpu;

/// <summary>Checks what ILGPU and the project's passes make of kernels.</summary>
public sealed class IlgpuCompilingTests
{
    private string _folder = "";

    [OneTimeSetUp]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("gpucnn-ilgpu-").FullName;

    [OneTimeTearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    /// <summary>
    /// For every variant that tests launch: ILGPU's checks hold after every pass, nothing is in local memory, nothing is called, and the
    /// kernel has its name.
    /// </summary>
    [Test]
    public void EveryKernelCompilesToPtxInRegisters()
    {
        using var compiler = new IlgpuCompiler(PtxTarget.Newest, new BinaryCache(null), verifies: true);
        Assert.Multiple(() =>
        {
            foreach (LaunchedVariant variant in CoverageTests.Variants.Values.Where(variant => variant.IsOfIlgpu))
            {
                string ptx = variant.Compile(compiler);
                Assert.That(ptx, Does.Contain($".entry Kernel_{variant.Name}("));
                Assert.That(Clang.LocalAccesses(ptx), Is.Zero, $"{variant.Name}: loads and stores of local memory");
                Assert.That(ptx, Does.Not.Match(@"\bcall\b"), variant.Name);
                Assert.That(ptx, Does.Not.Contain(".f64"), $"{variant.Name}: float64, which many devices lack");
                Assert.That(
                    ptx, Does.Not.Match(@"\b(ld|st)\.(v\d\.)?[fbus]\d"), $"{variant.Name}: accesses without an address space");
            }
        });
    }

    /// <summary>Functions that no kernel of the product uses too.</summary>
    [Test]
    public void EveryFunctionCompilesToPtxInRegisters()
    {
        using var compiler = new IlgpuCompiler(PtxTarget.Newest, new BinaryCache(null), verifies: true);
        Assert.That(
            Clang.LocalAccesses(compiler.Compile(new AllFunctions(default, default, default, default, 1, 1, 1, 1, 1, 1))), Is.Zero);
        Assert.That(
            Clang.LocalAccesses(compiler.Compile(new OddArithmetic(default, default, default, 1, 1, 1, 1, 1, 1))), Is.Zero);
    }

    [Test]
    public void PtxTargetsTheDevicesArchitecture() =>
        Assert.That(IlgpuText.Of(new AddInto(false, default, default, 1), IlgpuLanguage.Ptx),
            Does.Contain(".target sm_90").And.Contain("ld.global.v4.f32").And.Contain("st.global.v4.f32"));

    [Test]
    public void EveryOpenClBarrierOrdersLocalMemory()
    {
        using var compiler = new IlgpuCompiler(OpenClTarget.Any, new BinaryCache(null));
        foreach (LaunchedVariant variant in CoverageTests.Variants.Values.Where(variant => variant.IsOfIlgpu)
            .DistinctBy(variant => variant.Name))
            Assert.That(variant.Compile(compiler), Does.Not.Contain("( CLK_GLOBAL_MEM_FENCE )"), variant.Name);
    }

    /// <summary>Loops of all shapes give C#'s results, unrolled or not.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public void LoopsGiveTheResultsOfCSharp(bool unrolls)
    {
        const int Count = 100;
        int[] x = [.. Enumerable.Range(-20, Count)];
        using IlgpuOpenClDevice device = IlgpuOpenClDevice.Open("opencl:0", IlgpuTestDevice.Require(), cache: new BinaryCache(null),
            unrolls: unrolls);
        foreach (int rounds in new[] { 0, 1, 5 })
        {
            int[] expected = Debug(rounds);
            int[] actual = IlgpuRun.Of<int, int>(device, x, Count * Loops.Shapes, (from, to) => new Loops(rounds, from, to, Count), 2);
            for (int i = 0; i < expected.Length; i++)
                Assert.That(actual[i], Is.EqualTo(expected[i]), $"shape {i % Loops.Shapes} of {x[i / Loops.Shapes]} with {rounds} rounds");
        }

        int[] Debug(int rounds)
        {
            using var debug = new DebugSampleDevice();
            Compiler.DeviceBuffer<int> from = debug.Buffer<int>(x), to = debug.Buffer<int>(new int[Count * Loops.Shapes]);
            debug.Run(new Loops(rounds, from, to, Count), new(2));
            return to.Span.ToArray();
        }
    }

    [Test]
    public void ComparisonsHandleNaN()
    {
        float[] numbers = [float.NaN, float.NegativeInfinity, -1, 0, 2.5f, float.PositiveInfinity];
        float[] a = [.. numbers.SelectMany(_ => numbers)], b = [.. numbers.SelectMany(number => numbers.Select(_ => number))];
        using IlgpuOpenClDevice device = IlgpuOpenClDevice.Open("opencl:0", IlgpuTestDevice.Require(), cache: new BinaryCache(null));
        using var debug = new DebugSampleDevice();
        Compiler.DeviceBuffer<float> left = debug.Buffer<float>(a), right = debug.Buffer<float>(b),
            to = debug.Buffer<float>(new float[a.Length * Comparisons.Answers]);
        debug.Run(new Comparisons(left, right, to, a.Length), new(1));
        float[] both = [.. a, .. b];
        float[] actual = IlgpuRun.Of<float, float>(
            device, both, to.Length, (from, y) => new Comparisons(from, from.Slice(a.Length), y, a.Length), 1);
        for (int i = 0; i < actual.Length; i++)
            Assert.That(actual[i], Is.EqualTo(to.Span[i]),
                $"answer {i % Comparisons.Answers} of {a[i / Comparisons.Answers]} and {b[i / Comparisons.Answers]}");
    }

    /// <summary>The message names the kernel and the reason, and later kernels still compile.</summary>
    [Test]
    public void FailedKernelIsNamedAndLaterOnesCompile()
    {
        using var compiler = new IlgpuCompiler(PtxTarget.Newest, new BinaryCache(null));
        KernelBuildException exception = Assert.Throws<KernelBuildException>(() =>
            compiler.Compile(new UnknownRegister(default, default, 1)))!;
        Assert.Multiple(() =>
        {
            Assert.That(exception.Message,
                Does.StartWith("Kernel UnknownRegister: ILGPU cannot compile it: ").And.Contain("index that is not known")
                .And.Not.Contain("\n"));
            Assert.That(exception.Kernel, Is.EqualTo("UnknownRegister"));
            Assert.That(exception.Dialect, Is.EqualTo(KernelDialect.Cuda));
            Assert.That(compiler.Compile(new AddInto(false, default, default, 1)), Does.Contain("Kernel_AddInto"));
        });
    }

    [Test]
    public void TextsAreCachedOnDisk()
    {
        string first, second;
        using (var compiler = new IlgpuCompiler(PtxTarget.Newest, new BinaryCache(_folder)))
        {
            first = compiler.Compile(new AddInto(false, default, default, 1));
            Assert.That(compiler.Builds, Is.EqualTo(1));
        }
        using (var compiler = new IlgpuCompiler(PtxTarget.Newest, new BinaryCache(_folder)))
        {
            second = compiler.Compile(new AddInto(false, default, default, 1));
            Assert.That(compiler.Builds, Is.Zero);
        }
        Assert.That(second, Is.EqualTo(first));
        using (var compiler = new IlgpuCompiler(OpenClTarget.Any, new BinaryCache(_folder)))
        {
            compiler.Compile(new AddInto(false, default, default, 1));
            Assert.That(compiler.Builds, Is.EqualTo(1), "another language is another text");
        }
    }
}
