using GpuCnn.Kernels.Layout;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Kernels.Pooling;
using GpuCnn.Tests.Compiler.Samples;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>Clang compiles the emitted CUDA C to PTX without CUDA's headers.</summary>
public sealed class CudaTextTests
{
    [SetUp]
    public void NeedClang() => Clang.Require();

    [Test]
    public void PointwiseKernelCompiles() => Clang.PtxOf(new ScaleShift(Curve.Sigmoid, 0.1f, default, default, 1, 0, 1));

    [Test]
    public void ReductionCompilesToBarriers() =>
        Assert.That(Clang.PtxOf(new RowSum(default, default, default, 1)), Does.Contain("bar.sync"));

    [Test]
    public void NestedStructsCompile() => Clang.PtxOf(new WindowPool(3, default, default, default, PoolKind.Average, 1));

    [Test]
    public void SixteenBitStorageCompilesToConversions() =>
        Assert.That(Clang.PtxOf(new HalfScale(default, default, default, default, default, 1, 1)), Does.Contain("cvt.rn.f16.f32"));

    [Test]
    public void AtomicsCompileToAtomicInstructions() =>
        Assert.That(Clang.PtxOf(new Histogram(64, default, default, default, default, 1)), Does.Contain("atom"));

    [Test]
    public void ConversionsCompile() => Clang.PtxOf(new OddArithmetic(default, default, default, 1, 1, 1, 1, 1, 1));

    [Test]
    public void StatementsCompile() => Clang.PtxOf(new ControlFlow(true, 3, default, default, default, default, 1));

    [Test]
    public void DivisorsCompileToMultiplications() =>
        Assert.That(Clang.PtxOf(new Quotients(default, default, default, default, default)),
        Does.Contain("mul.hi.u32").And.Not.Contain("div."));

    [Test]
    public void GenericKernelsCompile()
    {
        Clang.PtxOf(new Mapped<Negated>(default, default, default, default, 1));
        Clang.PtxOf(new Mapped<Scaled>(default, default, default, default, 1));
        Clang.PtxOf(new Mapped<Mappings.Nested>(default, default, default, default, 1));
    }

    [Test]
    public void StructsWithOperatorsUseNoLocalMemory()
    {
        string[] texts =
        [
            Clang.PtxOf(new Derivatives<Bent>(default, default, default, default, default, default)),
            Clang.PtxOf(new Derivatives<Logistic>(default, default, default, default, default, default)),
        ];
        foreach (string ptx in texts)
            Assert.That(Clang.LocalAccesses(ptx), Is.Zero, "loads and stores of local memory");
    }

    /// <summary>A struct of one float stays in a register, and four of them are loaded and stored at once.</summary>
    [Test]
    public void PointwiseKernelsUseVectorLoadsAndNoLocalMemory()
    {
        string[] texts =
        [
            Clang.PtxOf(new PointwiseForward<Tanh>(false, false, default, default, 1, default)),
            Clang.PtxOf(new PointwiseBackward<Sigmoid>(false, false, false, default, default, default, 1, default)),
        ];
        foreach (string ptx in texts)
        {
            Assert.That(Clang.LocalAccesses(ptx), Is.Zero, "loads and stores of local memory");
            Assert.That(ptx, Does.Contain("ld.global.v4.f32").And.Contain("st.global.v4.f32"));
        }
    }

    /// <summary>Eight bfloat16 values are loaded and stored at once, and rounded in registers.</summary>
    [Test]
    public void KernelsOfBFloat16Move16Bytes()
    {
        string[] texts =
        [
            Clang.PtxOf(new PointwiseForward<ReLU>(true, true, default, default, 1, default)),
            Clang.PtxOf(new PointwiseBackward<ReLU>(true, true, true, default, default, default, 1, default)),
            Clang.PtxOf(new AddForward<ReLU>(true, true, true, default, default, default, 1, default)),
            Clang.PtxOf(new AddInto(true, default, default, 1)),
            Clang.PtxOf(new CopyChannels(8, true, true, default, 8, 0, default, 8, 0, 8, 1)),
            Clang.PtxOf(new AveragePoolForward(8, 1, true, true, true, default, default, default, 1)),
            Clang.PtxOf(new MaxPoolForward(8, true, true, true, true, default, default, default, default, 1)),
            Clang.PtxOf(new MaxPoolBackward(8, true, true, true, default, default, default, default, 1)),
        ];
        Assert.Multiple(() =>
        {
            foreach (string ptx in texts)
            {
                Assert.That(Clang.LocalAccesses(ptx), Is.Zero, "loads and stores of local memory");
                Assert.That(ptx, Does.Match(@"ld\.global(\.nc)?\.v4\.(f|u|b)32").And.Match(@"st\.global\.v4\.(f|u|b)32"), ptx);
            }
            // Eight winners are eight bytes, in one store and one load.
            Assert.That(texts[^2], Does.Match(@"st\.global\.v2\.(f|u|b)32"));
            Assert.That(texts[^1], Does.Match(@"ld\.global(\.nc)?\.v2\.(f|u|b)32"));
        });
    }

    [Test]
    public void OffsetNamesDoNotClash() => Clang.PtxOf(new OffsetNames(default, default, default, default, 1, 1));

    [Test]
    public void EveryFunctionCompiles() => Clang.PtxOf(new AllFunctions(default, default, default, default, 1, 1, 1, 1, 1, 1));

    /// <summary>One index that is not known at compile time would put the tile into local memory, and cost most of the speed.</summary>
    [TestCase(16, 8)]
    [TestCase(64, 16)]
    public void RegisterTilesStayInRegisters(int tile, int depth)
    {
        string ptx = Clang.PtxOf(new TiledGemm(tile, depth, default, default, default, 1, 1));
        Assert.Multiple(() =>
        {
            Assert.That(Clang.LocalAccesses(ptx), Is.Zero, "loads and stores of local memory");
            Assert.That(ptx, Does.Contain("ld.shared.v4.f32"));
            Assert.That(ptx, Does.Contain("ld.global.nc.v4.f32"), "read-only data is loaded through the read-only cache");
            Assert.That(ptx, Does.Contain("fma.rn.f32"));
        });
    }
}
