using System.Text.RegularExpressions;
using GpuCnn.Kernels.Convolution.Gpu.Units;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.MatrixProduct.Units;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels.Units;

/// <summary>
/// Products by matrix units keep sums and fragments in registers, copy 16 bytes at a time without the detour over registers, and read
/// fragments by ldmatrix where their layout allows it.
/// </summary>
public sealed partial class UnitTextTests
{
    /// <summary>Steps of 8 floats in a stage.</summary>
    private const int Steps = 4;

    private static IEnumerable<TileShape> Tiles =>
        [
            .. TileShape.Of(FactorType.TF32), .. TileShape.Of(FactorType.BFloat16), .. TileShape.Of(FactorType.SplitTF32),
            .. TileShape.Of(FactorType.AsyncFloat32),
        ];

    [SetUp]
    public void NeedClang() => Clang.Require();

    [TestCaseSource(nameof(Tiles))]
    public void PlainProductsAreFast(TileShape tile) => AssertFast(Gemm(tile, false, false, true), tile, false, true);

    /// <summary>The largest tile holds the most registers.</summary>
    [Test]
    public void TransposedProductsAreFast(
        [Values(FactorType.TF32, FactorType.BFloat16, FactorType.AsyncFloat32)] FactorType factors, [Values] bool transposeA)
    {
        TileShape tile = TileShape.Of(factors)[0];
        AssertFast(Gemm(tile, transposeA, !transposeA, false), tile, transposeA, transposeA);
    }

    /// <summary>
    /// As a 1x1 convolution computes its input's gradient, with the sums of the norm before it. A thread reads v, z, and what it adds to of
    /// several lines before it stores the first, so that it does not wait for memory line by line.
    /// </summary>
    [Test]
    public void GradientsThatGatherSumsAreFast(
        [Values(FactorType.TF32, FactorType.BFloat16)] FactorType factors, [Values] bool accumulate)
    {
        TileShape tile = TileShape.Of(factors)[0];
        string ptx = AssertFast(Gemm(tile, false, true, false, accumulate, gathers: true), tile, false, false);
        int loads = VectorLoad().Count(ptx[..ptx.IndexOf("st.global.v", StringComparison.Ordinal)]);
        Assert.That(loads, Is.EqualTo(1 + UnitEpilogue.Lines * (accumulate ? 3 : 2)), "vector loads, and one of means, before a store");
    }

    [Test]
    public void ConvolutionsAreFast(
        [Values(FactorType.TF32, FactorType.BFloat16, FactorType.SplitTF32, FactorType.AsyncFloat32)] FactorType factors,
        [Values] bool turned)
    {
        TileShape tile = TileShape.Of(factors)[0];
        bool isBFloat16 = factors == FactorType.BFloat16;
        AssertFast(
            new UnitConvolution<Identity>(
                tile.M, tile.N, factors, turned, true, isBFloat16, false, turned, !turned, false, false, default, default, default,
                default, default, default, default, default, default, default),
            tile, false, !turned, gathersMoments: !turned);
    }

    [Test]
    public void FilterGradientsAreFast(
        [Values(FactorType.TF32, FactorType.BFloat16, FactorType.SplitTF32, FactorType.AsyncFloat32)] FactorType factors)
    {
        TileShape tile = TileShape.Of(factors)[0];
        AssertFast(
            new UnitFilterGradient(
                tile.M, tile.N, factors, false, default, default, default, default, default, 1),
            tile, true, true);
    }

    /// <summary>What first layers read is written 16 bytes at a time, and a thread has no memory of its own.</summary>
    [Test]
    public void PackedCopiesAreFast([Values] bool isRounded)
    {
        string ptx = Clang.PtxOf(new PackTaps(false, isRounded, default, default, default, 0)),
            filter = Clang.PtxOf(new PackFilter(default, default, default, default, 0));
        Assert.That(Clang.LocalAccesses(ptx) + Clang.LocalAccesses(filter), Is.Zero, "loads and stores of local memory");
        Assert.That(Count(ptx, "st.global.v4"), Is.EqualTo(1), "stores of packed pixels");
        Assert.That((Count(filter, "ld.global.nc.v4"), Count(filter, "st.global.v4")), Is.EqualTo((1, 1)), "loads and stores of a filter");
    }

    private static UnitGemm<ReLU> Gemm(TileShape tile, bool transposeA, bool transposeB, bool addBias, bool accumulate = false,
        bool gathers = false)
    {
        bool isBFloat16 = tile.Factors == FactorType.BFloat16;
        return new(
            tile.M, tile.N, tile.Factors, transposeA, transposeB, true, isBFloat16, addBias, accumulate, false, gathers,
            gathers && isBFloat16, default, default, default, default, default, default, default, default, default, default, default);
    }

    /// <summary>Returns the kernel's PTX.</summary>
    private static string AssertFast<TKernel>(TKernel kernel, TileShape tile, bool isAlongA, bool isAlongB, bool gathersMoments = false)
        where TKernel : struct, IKernel
    {
        string ptx = Clang.PtxOf(kernel);
        if (tile.Factors == FactorType.AsyncFloat32)
        {
            AssertFastLanes(kernel, ptx, tile, gathersMoments);
            return ptx;
        }
        bool isBFloat16 = tile.Factors == FactorType.BFloat16, isSplit = tile.Factors == FactorType.SplitTF32;
        // Split factors take three products each, and the loop over a stage's steps stays a loop.
        int steps = isSplit ? 1 : Steps, each = isSplit ? 3 : 1;
        int left = tile.M / 32, right = tile.N / 32, loads = steps * ((Reads(isAlongA) ? left : 0) + (Reads(isAlongB) ? right : 0));
        int plain = steps * 4 * ((Reads(isAlongA) ? 0 : left) + (Reads(isAlongB) ? 0 : right));
        Assert.Multiple(() =>
        {
            Assert.That(Clang.LocalAccesses(ptx), Is.Zero, "loads and stores of local memory");
            Assert.That(
                Count(ptx, isBFloat16 ? "mma.sync.aligned.m16n8k16.row.col.f32.bf16" : "mma.sync.aligned.m16n8k8.row.col.f32.tf32"),
                Is.EqualTo(steps * each * left * 2 * right), "products of a stage");
            Assert.That(Count(ptx, "ldmatrix.sync.aligned.m8n8.x4"), Is.EqualTo(loads), "loads of fragments");
            Assert.That(Count(ptx, "ldmatrix.sync.aligned.m8n8.x4.trans"),
                Is.EqualTo(isBFloat16 ? Steps * ((isAlongA ? left : 0) + (isAlongB ? right : 0)) : 0), "transposed loads of fragments");
            Assert.That(Count(ptx, "cvt.rna.tf32.f32"),
                Is.EqualTo(isBFloat16 ? 0 : (isSplit ? 2 : 1) * steps * 4 * (left + right)), "rounded factors");
            // Two stages before the loop and one in it, each with 16 lines' 16 bytes in a pass of the group.
            Assert.That(Count(ptx, "cp.async.cg.shared.global"), Is.EqualTo(3 * (tile.M + tile.N) / 16), "copies of 16 bytes");
            Assert.That(Count(ptx, "cp.async.ca"), Is.Zero, "copies of 4 bytes");
            Assert.That(kernel.GroupShape.Count, Is.EqualTo(tile.Threads).And.EqualTo(128));
            Assert.That(SharedScalarLoads(ptx), plain == 0 ? Is.Zero.Or.LessThan(80) : Is.GreaterThanOrEqualTo(plain),
                "scalar loads of shared memory");
            Assert.That(Registers(tile), Is.LessThanOrEqualTo(255), "registers of a thread");
        });
        return ptx;

        bool Reads(bool isAlong) => isBFloat16 || !isAlong;
    }

    /// <summary>
    /// Ordinary multiply-adds: a round of 8 steps stays a loop. Each lane loads 16 bytes at a time, and stores nothing to shared memory but
    /// sums.
    /// </summary>
    private static void AssertFastLanes<TKernel>(TKernel kernel, string ptx, TileShape tile, bool gathersMoments)
        where TKernel : struct, IKernel
    {
        const int Round = 8;
        Assert.Multiple(() =>
        {
            Assert.That(Clang.LocalAccesses(ptx), Is.Zero, "loads and stores of local memory");
            // Moments add each sum's square.
            int sums = tile.M * tile.N / 128, adds = (gathersMoments ? Round + 1 : Round) * sums;
            Assert.That(Count(ptx, "fma.rn.f32"), Is.InRange(adds, adds + 8), "multiply-adds of a round");
            Assert.That(Count(ptx, "mma.sync"), Is.Zero, "products by matrix units");
            Assert.That(Count(ptx, "ldmatrix"), Is.Zero, "loads of fragments");
            Assert.That(Count(ptx, "cp.async.cg.shared.global"), Is.EqualTo(3 * (tile.M + tile.N) / 16), "copies of 16 bytes");
            Assert.That(Count(ptx, "cp.async.ca"), Is.Zero, "copies of 4 bytes");
            // A lane has M / 16 rows and N / 8 columns of its warp's. Sums are read back for the result.
            int loads = Round * (tile.M / 16 + tile.N / 8) / 4;
            Assert.That(Count(ptx, "ld.shared.v4.f32"), Is.InRange(loads, loads + 8), "loads of 16 bytes");
            Assert.That(SharedScalarLoads(ptx), Is.LessThan(80), "scalar loads of shared memory");
            Assert.That(kernel.GroupShape.Count, Is.EqualTo(tile.Threads).And.EqualTo(128));
            Assert.That(Registers(tile), Is.LessThanOrEqualTo(255), "registers of a thread");
        });
    }

    /// <summary>Sums, fragments, places of the rows that a convolution copies, and 44 for addresses and counters.</summary>
    private static int Registers(TileShape tile) => tile.M * tile.N / 128 + 3 * tile.M / 16 + 44 + tile.Factors switch
    {
        // All of the right, a fragment of the left, each in two parts; the products of four blocks.
        FactorType.SplitTF32 => tile.N / 4 + 8 + 16,
        // Four steps of a lane's rows, and one of its columns.
        FactorType.AsyncFloat32 => tile.M / 4 + tile.N / 8,
        _ => (tile.M + tile.N) / 8,
    };

    private static int Count(string ptx, string instruction) => ptx.Split(instruction).Length - 1;

    private static int SharedScalarLoads(string ptx) => SharedLoad().Count(ptx);

    [GeneratedRegex(@"ld\.global(\.nc)?\.v[24]")]
    private static partial Regex VectorLoad();

    [GeneratedRegex(@"ld\.shared\.(f32|u32|b32)")]
    private static partial Regex SharedLoad();
}
