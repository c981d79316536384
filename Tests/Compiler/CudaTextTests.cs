using System.Text.RegularExpressions;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler.Samples;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>Emitted CUDA C compiles to PTX, by clang and without CUDA's headers.</summary>
public sealed partial class CudaTextTests
{
    [SetUp]
    public void NeedClang() => Clang.Require();

    [Test]
    public void Pointwise() => Ptx(new ScaleShift(Curve.Sigmoid, 0.1f, default, default, 1, 0, 1));

    [Test]
    public void Reduction() => Assert.That(Ptx(new RowSum(default, default, default, 1)), Does.Contain("bar.sync"));

    [Test]
    public void NestedStructs() => Ptx(new WindowPool(3, default, default, default, PoolKind.Average, 1));

    [Test]
    public void StorageOfSixteenBits() => Assert.That(Ptx(new HalfScale(default, default, default, default, default, 1, 1)), Does.Contain("cvt.rn.f16.f32"));

    [Test]
    public void Atomics() => Assert.That(Ptx(new Histogram(64, default, default, default, default, 1)), Does.Contain("atom"));

    [Test]
    public void Conversions() => Ptx(new OddArithmetic(default, default, default, 1, 1, 1, 1, 1, 1));

    [Test]
    public void Statements() => Ptx(new ControlFlow(true, 3, default, default, default, default, 1));

    [Test]
    public void Divisors() => Assert.That(Ptx(new Quotients(default, default, default, default, default)), Does.Contain("mul.hi.u32").And.Not.Contain("div."));

    [Test]
    public void GenericKernels()
    {
        Ptx(new Mapped<Negated>(default, default, default, default, 1));
        Ptx(new Mapped<Scaled>(default, default, default, default, 1));
        Ptx(new Mapped<Mappings.Nested>(default, default, default, default, 1));
    }

    [Test]
    public void StructsWithOperators()
    {
        foreach (string ptx in (string[])[Ptx(new Derivatives<Bent>(default, default, default, default, default, default)), Ptx(new Derivatives<Logistic>(default, default, default, default, default, default))])
            Assert.That(LocalAccess().Count(ptx), Is.Zero, "loads and stores of local memory");
    }

    /// <summary>A struct of one float is a register, and four of them are loaded and stored at once.</summary>
    [Test]
    public void FunctionsOfOneValue()
    {
        foreach (string ptx in (string[])[Ptx(new PointwiseForward<Tanh>(default, default, 1, default)), Ptx(new PointwiseBackward<Sigmoid>(default, default, default, 1, default))])
        {
            Assert.That(LocalAccess().Count(ptx), Is.Zero, "loads and stores of local memory");
            Assert.That(ptx, Does.Contain("ld.global.v4.f32").And.Contain("st.global.v4.f32"));
        }
    }

    [Test]
    public void NamesOfOffsets() => Ptx(new OffsetNames(default, default, default, default, 1, 1));

    [Test]
    public void EveryFunction() => Ptx(new AllFunctions(default, default, default, default, 1, 1, 1, 1, 1, 1));

    /// <summary>One index that is not known when it is compiled would put the tile into local memory, and cost most of the speed.</summary>
    [TestCase(16, 8)]
    [TestCase(64, 16)]
    public void RegisterTilesStayInRegisters(int tile, int depth)
    {
        string ptx = Ptx(new TiledGemm(tile, depth, default, default, default, 1, 1));
        Assert.Multiple(() =>
        {
            Assert.That(LocalAccess().Count(ptx), Is.Zero, "loads and stores of local memory");
            Assert.That(ptx, Does.Contain("ld.shared.v4.f32"));
            Assert.That(ptx, Does.Contain("ld.global.nc.v4.f32"), "what is only read goes through the read-only cache");
            Assert.That(ptx, Does.Contain("fma.rn.f32"));
        });
    }

    private static string Ptx<TKernel>(TKernel kernel) where TKernel : struct, IKernel
    {
        string ptx = Clang.ToPtx(KernelText.Source(kernel, KernelDialect.Cuda));
        Assert.That(ptx, Does.Contain($".entry {TKernel.Text.Name}("));
        return ptx;
    }

    [GeneratedRegex(@"\b(ld|st)\.local\b")]
    private static partial Regex LocalAccess();
}
