using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Tests.Compiler;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>
/// The most expensive kernels of a training step keep their tiles in registers, move four floats at once, and fit every device.
/// </summary>
public sealed class ProductTextTests
{
    private const int MostThreads = 256, MostSharedBytes = 32 << 10;

    private static IEnumerable<TileShape> Tiles => TileShape.All;

    [SetUp]
    public void NeedClang() => Clang.Require();

    [TestCaseSource(nameof(Tiles))]
    public void MatrixProductsAreFast(TileShape tile)
    {
        AssertFast(ProductKernels.Matrix(tile, addBias: true), tile);
        AssertFast(ProductKernels.Matrix(tile, transposeA: true), tile);
        AssertFast(ProductKernels.Matrix(tile, transposeB: true), tile);
    }

    [TestCaseSource(nameof(Tiles))]
    public void ConvolutionsAreFast(TileShape tile)
    {
        AssertFast(ProductKernels.Forward(tile), tile);
        AssertFast(ProductKernels.InputGradient(tile), tile);
    }

    /// <summary>After the loop there is a multiply-add for each value, and parts of columns are read one by one.</summary>
    [TestCaseSource(nameof(Tiles))]
    public void KernelsThatGatherMomentsAreFast(TileShape tile)
    {
        AssertFast(ProductKernels.Matrix(tile, addBias: true, gathers: true), tile, gathers: true);
        AssertFast(ProductKernels.Gathering(tile), tile, gathers: true);
    }

    [TestCaseSource(nameof(Tiles))]
    public void FilterGradientsAreFast(TileShape tile) => AssertFast(ProductKernels.FilterGradient(tile), tile);

    /// <summary>Four values of a tensor that is stored as bfloat16 are loaded and stored in 8 bytes.</summary>
    [Test]
    public void HalfSizeTensorsMoveInVectors()
    {
        TileShape tile = TileShape.Large;
        AssertFast(ProductKernels.Matrix(tile, isBFloat16: true), tile, isBFloat16: true);
        AssertFast(ProductKernels.Matrix(tile, gathers: true, isBFloat16: true), tile, gathers: true, isBFloat16: true);
        AssertFast(ProductKernels.InputGradient(tile, isBFloat16: true), tile, isBFloat16: true);
    }

    /// <summary>The sums of a norm's gradient are gathered from registers, with a multiply-add for each value.</summary>
    [TestCaseSource(nameof(Tiles))]
    public void KernelsThatGatherGradientsAreFast(TileShape tile)
    {
        foreach (string ptx in new[]
        {
            Clang.PtxOf(ProductKernels.Matrix(tile, transposeB: true, gathersGradients: true)),
            Clang.PtxOf(ProductKernels.InputGradient(tile, gathersGradients: true)),
            Clang.PtxOf(ProductKernels.InputGradient(tile, isBFloat16: true, gathersGradients: true)),
        })
        {
            Assert.That(Clang.LocalAccesses(ptx), Is.Zero, "loads and stores of local memory");
            Assert.That(Count(ptx, "fma.rn.f32"), Is.EqualTo((tile.K + 1) * tile.PerM * tile.PerN), "multiply-adds");
            Assert.That(SharedBytes(ptx), Is.LessThanOrEqualTo(MostSharedBytes), "shared memory");
        }
    }

    private static void AssertFast<TKernel>(TKernel kernel, TileShape tile, bool gathers = false, bool isBFloat16 = false)
        where TKernel : struct, IKernel
    {
        string ptx = Clang.PtxOf(kernel), vector = isBFloat16 ? "v2" : "v4";
        Assert.Multiple(() =>
        {
            Assert.That(Clang.LocalAccesses(ptx), Is.Zero, "loads and stores of local memory");
            // Each step of the reduction loads its rows and columns in vectors of four.
            Assert.That(Count(ptx, "ld.shared.v4.f32"), Is.EqualTo((tile.K * (tile.PerM + tile.PerN) + (gathers ? 3 * tile.PerN : 0)) / 4),
                "vector loads of shared memory");
            Assert.That(Count(ptx, "ld.shared.f32"), gathers ? Is.Positive : Is.Zero, "scalar loads of shared memory");
            Assert.That(Count(ptx, "fma.rn.f32"), Is.EqualTo((tile.K + (gathers ? 1 : 0)) * tile.PerM * tile.PerN),
                "multiply-adds of a stage");
            Assert.That(CountWords(ptx, $"ld.global.nc.{vector}"), Is.Positive, "vector loads through the read-only cache");
            Assert.That(Count(ptx, "ld.global.nc.f32"), Is.Zero, "scalar loads through the read-only cache");
            Assert.That(CountWords(ptx, $"st.global.{vector}"), Is.EqualTo(tile.PerM * tile.PerN / 4), "vector stores");
            Assert.That(kernel.GroupShape.Count, Is.EqualTo(tile.Threads).And.LessThanOrEqualTo(MostThreads));
            Assert.That(SharedBytes(ptx), Is.LessThanOrEqualTo(MostSharedBytes), "shared memory");
        });
    }

    private static int Count(string ptx, string instruction) => ptx.Split(instruction + " ").Length - 1;

    /// <summary>Counts accesses of 32-bit registers; values that are only moved may have the type of integers.</summary>
    private static int CountWords(string ptx, string instruction) =>
        Count(ptx, instruction + ".f32") + Count(ptx, instruction + ".u32") + Count(ptx, instruction + ".b32");

    /// <summary>Sums all lines such as ".shared .align 16 .b8 name[1024];".</summary>
    private static int SharedBytes(string ptx) =>
        ptx.Split('\n').Where(line => line.Contains(".shared .align", StringComparison.Ordinal)
            && line.EndsWith("];", StringComparison.Ordinal))
            .Sum(line => int.Parse(line[(line.LastIndexOf('[') + 1)..^2], System.Globalization.CultureInfo.InvariantCulture));
}
