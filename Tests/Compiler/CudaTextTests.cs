using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler.Samples;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>Emitted CUDA C compiles to PTX, by clang and without CUDA's headers.</summary>
public sealed class CudaTextTests
{
    [SetUp]
    public void NeedClang() => Clang.Require();

    [Test]
    public void Pointwise() => Clang.PtxOf(new ScaleShift(Curve.Sigmoid, 0.1f, default, default, 1, 0, 1));

    [Test]
    public void Reduction() => Assert.That(Clang.PtxOf(new RowSum(default, default, default, 1)), Does.Contain("bar.sync"));

    [Test]
    public void NestedStructs() => Clang.PtxOf(new WindowPool(3, default, default, default, PoolKind.Average, 1));

    [Test]
    public void StorageOfSixteenBits() => Assert.That(Clang.PtxOf(new HalfScale(default, default, default, default, default, 1, 1)), Does.Contain("cvt.rn.f16.f32"));

    [Test]
    public void Atomics() => Assert.That(Clang.PtxOf(new Histogram(64, default, default, default, default, 1)), Does.Contain("atom"));

    [Test]
    public void Conversions() => Clang.PtxOf(new OddArithmetic(default, default, default, 1, 1, 1, 1, 1, 1));

    [Test]
    public void Statements() => Clang.PtxOf(new ControlFlow(true, 3, default, default, default, default, 1));

    [Test]
    public void Divisors() => Assert.That(Clang.PtxOf(new Quotients(default, default, default, default, default)), Does.Contain("mul.hi.u32").And.Not.Contain("div."));

    [Test]
    public void GenericKernels()
    {
        Clang.PtxOf(new Mapped<Negated>(default, default, default, default, 1));
        Clang.PtxOf(new Mapped<Scaled>(default, default, default, default, 1));
        Clang.PtxOf(new Mapped<Mappings.Nested>(default, default, default, default, 1));
    }

    [Test]
    public void StructsWithOperators()
    {
        foreach (string ptx in (string[])[Clang.PtxOf(new Derivatives<Bent>(default, default, default, default, default, default)), Clang.PtxOf(new Derivatives<Logistic>(default, default, default, default, default, default))])
            Assert.That(Clang.LocalAccesses(ptx), Is.Zero, "loads and stores of local memory");
    }

    /// <summary>A struct of one float is a register, and four of them are loaded and stored at once.</summary>
    [Test]
    public void FunctionsOfOneValue()
    {
        foreach (string ptx in (string[])[Clang.PtxOf(new PointwiseForward<Tanh>(default, default, 1, default)), Clang.PtxOf(new PointwiseBackward<Sigmoid>(default, default, default, 1, default))])
        {
            Assert.That(Clang.LocalAccesses(ptx), Is.Zero, "loads and stores of local memory");
            Assert.That(ptx, Does.Contain("ld.global.v4.f32").And.Contain("st.global.v4.f32"));
        }
    }

    [Test]
    public void Comparisons() => Clang.PtxOf(new Patterns(Band.Low, default, default, 1));

    [Test]
    public void FunctionsThatOnlyCudaHas() => Assert.That(Clang.PtxOf(new FastSigmoid(default, default, 1)), Does.Contain("ex2.approx").And.Contain("div.approx").And.Contain("dp4a"));

    [Test]
    public void NamesOfOffsets() => Clang.PtxOf(new OffsetNames(default, default, default, default, 1, 1));

    [Test]
    public void EveryFunction() => Clang.PtxOf(new AllFunctions(default, default, default, default, 1, 1, 1, 1, 1, 1));

    /// <summary>One index that is not known when it is compiled would put the tile into local memory, and cost most of the speed.</summary>
    [TestCase(16, 8)]
    [TestCase(64, 16)]
    public void RegisterTilesStayInRegisters(int tile, int depth)
    {
        string ptx = Clang.PtxOf(new TiledGemm(tile, depth, default, default, default, 1, 1));
        Assert.Multiple(() =>
        {
            Assert.That(Clang.LocalAccesses(ptx), Is.Zero, "loads and stores of local memory");
            Assert.That(ptx, Does.Contain("ld.shared.v4.f32"));
            Assert.That(ptx, Does.Contain("ld.global.nc.v4.f32"), "what is only read goes through the read-only cache");
            Assert.That(ptx, Does.Contain("fma.rn.f32"));
        });
    }
}
