using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;
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
        AssertFast(new Gemm<Identity>(tile.M, tile.N, tile.K, tile.PerM, tile.PerN, false, false, true, true, true, true, false, false,
            default, default, default, default, default, default, default, default, default), tile);
        AssertFast(new Gemm<Identity>(tile.M, tile.N, tile.K, tile.PerM, tile.PerN, true, false, true, true, true, false, false, false,
            default, default, default, default, default, default, default, default, default), tile);
        AssertFast(new Gemm<Identity>(tile.M, tile.N, tile.K, tile.PerM, tile.PerN, false, true, true, true, true, false, false, false,
            default, default, default, default, default, default, default, default, default), tile);
    }

    [TestCaseSource(nameof(Tiles))]
    public void ConvolutionsAreFast(TileShape tile)
    {
        AssertFast(new ConvolutionProduct<ReLU>(tile.M, tile.N, tile.K, tile.PerM, tile.PerN, false, true, true, true, true, false, false,
            default, default, default, default, default, default, default, default), tile);
        AssertFast(new ConvolutionProduct<Identity>(tile.M, tile.N, tile.K, tile.PerM, tile.PerN, true, true, true, true, false,
            false, false,
            default, default, default, default, default, default, default, default), tile);
    }

    /// <summary>After the loop there is a multiply-add for each value, and parts of columns are read one by one.</summary>
    [TestCaseSource(nameof(Tiles))]
    public void KernelsThatGatherMomentsAreFast(TileShape tile)
    {
        AssertFast(new Gemm<Identity>(tile.M, tile.N, tile.K, tile.PerM, tile.PerN, false, false, true, true, true, true, false, true,
            default, default, default, default, default, default, default, default, default), tile, gathers: true);
        AssertFast(new ConvolutionProduct<Identity>(tile.M, tile.N, tile.K, tile.PerM, tile.PerN, false, true, true, true, false,
            false, true,
            default, default, default, default, default, default, default, default), tile, gathers: true);
    }

    [TestCaseSource(nameof(Tiles))]
    public void FilterGradientsAreFast(TileShape tile) =>
        AssertFast(new FilterGradientProduct(tile.M, tile.N, tile.K, tile.PerM, tile.PerN, true, true, false,
            default, default, default, default), tile);

    private static void AssertFast<TKernel>(TKernel kernel, TileShape tile, bool gathers = false) where TKernel : struct, IKernel
    {
        string ptx = Clang.PtxOf(kernel);
        Assert.Multiple(() =>
        {
            Assert.That(Clang.LocalAccesses(ptx), Is.Zero, "loads and stores of local memory");
            // Each step of the reduction loads its rows and columns in vectors of four.
            Assert.That(Count(ptx, "ld.shared.v4.f32"), Is.EqualTo((tile.K * (tile.PerM + tile.PerN) + (gathers ? 3 * tile.PerN : 0)) / 4),
                "vector loads of shared memory");
            Assert.That(Count(ptx, "ld.shared.f32"), gathers ? Is.Positive : Is.Zero, "scalar loads of shared memory");
            Assert.That(Count(ptx, "fma.rn.f32"), Is.EqualTo((tile.K + (gathers ? 1 : 0)) * tile.PerM * tile.PerN),
                "multiply-adds of a stage");
            Assert.That(Count(ptx, "ld.global.nc.v4.f32"), Is.Positive, "vector loads through the read-only cache");
            Assert.That(Count(ptx, "ld.global.nc.f32"), Is.Zero, "scalar loads through the read-only cache");
            Assert.That(Count(ptx, "st.global.v4.f32"), Is.EqualTo(tile.PerM * tile.PerN / 4), "vector stores");
            Assert.That(kernel.GroupShape.Count, Is.EqualTo(tile.Threads).And.LessThanOrEqualTo(MostThreads));
            Assert.That(SharedBytes(ptx), Is.LessThanOrEqualTo(MostSharedBytes), "shared memory");
        });
    }

    private static int Count(string ptx, string instruction) => ptx.Split(instruction + " ").Length - 1;

    /// <summary>Sums all lines such as ".shared .align 16 .b8 name[1024];".</summary>
    private static int SharedBytes(string ptx) =>
        ptx.Split('\n').Where(line => line.Contains(".shared .align", StringComparison.Ordinal)
            && line.EndsWith("];", StringComparison.Ordinal))
            .Sum(line => int.Parse(line[(line.LastIndexOf('[') + 1)..^2], System.Globalization.CultureInfo.InvariantCulture));
}
