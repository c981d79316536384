using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.MatrixProduct;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Which tile is chosen for a problem, and that the parts of a reduction cover it.</summary>
public sealed class TileChoiceTests
{
    private static readonly ConvolutionShape Early = new(64, 56, 56, 64, 3, 3, 1, 1, 1, 1, 1);
    private static readonly ConvolutionShape Late = new(512, 7, 7, 512, 3, 3, 1, 1, 1, 1, 1);
    private static readonly ConvolutionShape First = new(3, 224, 224, 64, 7, 7, 2, 2, 3, 3, 1);
    private static readonly ConvolutionShape Expanding = new(64, 56, 56, 256, 1, 1, 1, 1, 0, 0, 1);

    [Test]
    public void LargestTileWithLittleWasteIsChosen() => Assert.Multiple(() =>
    {
        Assert.That(Tile(Expanding, 256), Is.EqualTo(TileShape.Large));
        Assert.That(Tile(Early, 256), Is.EqualTo(TileShape.Tall));
        Assert.That(Tile(First, 256), Is.EqualTo(TileShape.Tall));
        Assert.That(Tile(Late, 256), Is.EqualTo(TileShape.Large));
        Assert.That(Tile(Early with { K = 32 }, 256), Is.EqualTo(TileShape.Narrow));
    });

    [Test]
    public void SmallProblemsGetSmallTiles() => Assert.Multiple(() =>
    {
        Assert.That(Tile(Late, 32), Is.EqualTo(TileShape.Medium).Or.EqualTo(TileShape.Small));
        Assert.That(Tile(Late, 1), Is.EqualTo(TileShape.Small));
    });

    [Test]
    public void FewFiltersOfManyPixelsAreSplit()
    {
        TileShape tile = ConvolutionChoice.For(Early, 256, ConvolutionPass.FilterGradient).Tile;
        long floats = new FilterGradientLaunches(Early, 256).WorkspaceFloats;
        Assert.That(floats / (64 * 64 * 9) * tile.Count(64 * 9, 64), Is.InRange(264, 300), "groups");
    }

    [Test]
    public void PartsCoverAReductionWithoutAnEmptyOne(
        [Values(1, 5, 100, 1000)] long groups, [Values(1, 127, 128, 129, 5000, 802816)] int depth, [Values(0, 4)] int index)
    {
        TileShape tile = TileShape.All[index];
        (int count, int each) = TileChoice.Parts(groups, depth, tile);
        Assert.Multiple(() =>
        {
            Assert.That((long)count * each, Is.GreaterThanOrEqualTo(depth));
            Assert.That((long)(count - 1) * each, Is.LessThan(depth));
            Assert.That(count == 1 || each % tile.K == 0);
            Assert.That(count == 1 || each >= 8 * tile.K);
        });
    }

    /// <summary>Checks what the loads of a tile assume.</summary>
    [Test]
    public void EveryThreadLoadsWholeRuns() => Assert.Multiple(() =>
    {
        foreach (TileShape tile in TileShape.All)
        {
            Assert.That(tile.M * tile.K % (4 * tile.Threads), Is.Zero, $"{tile}, left");
            Assert.That(tile.N * tile.K % (4 * tile.Threads), Is.Zero, $"{tile}, right");
            Assert.That(4 * tile.Threads % tile.M, Is.Zero, $"{tile}: rows of a thread stay the same");
        }
    });

    [Test]
    public void CandidatesIncludeTheDefaultChoice()
    {
        Assert.Multiple(() =>
        {
            foreach (ConvolutionShape shape in (ConvolutionShape[])[Early, Late, First, Expanding])
                foreach (ConvolutionPass pass in Enum.GetValues<ConvolutionPass>())
                    Assert.That(ConvolutionChoice.Candidates(shape, 32, pass),
                        Does.Contain(ConvolutionChoice.For(shape, 32, pass)).And.Unique, $"{shape} {pass}");
            Assert.That(ConvolutionChoice.Candidates(Expanding, 32, ConvolutionPass.Forward).Select(choice => choice.Algorithm),
                Is.All.EqualTo(ConvolutionAlgorithm.Gemm));
        });
    }

    /// <summary>
    /// Also checks the text of choices that is stored in files. The rule never takes such a tile, and shapes that units cannot load, or
    /// sums too short for the error's bound, have none.
    /// </summary>
    [Test]
    public void Float32ByUnitsIsACandidateIfTheDeviceHasThem() => Assert.Multiple(() =>
    {
        foreach (ConvolutionPass pass in Enum.GetValues<ConvolutionPass>())
        {
            string[] Added(ConvolutionShape shape) =>
                [.. ConvolutionChoice.Candidates(shape, 32, pass, withUnits: true).Except(ConvolutionChoice.Candidates(shape, 32, pass))
                    .Select(choice => $"{choice}")];
            Assert.That(Added(Late).Where(IsSplit), Is.EqualTo(new[]
            {
                "implicit GEMM 128x128x32 3xtf32", "implicit GEMM 128x64x32 3xtf32", "implicit GEMM 64x64x32 3xtf32",
            }), $"{pass}");
            Assert.That(Added(Expanding), Has.Some.EqualTo("GEMM 64x64x32 3xtf32").And.None.Contains("im2col"), $"{pass}");
            Assert.That(Added(Late with { Groups = 2 }), Is.Empty, $"{pass}");
            Assert.That(Added(Late with { K = 510 }), Is.Empty, $"{pass}");
            Assert.That(ConvolutionChoice.For(Late, 32, pass).Tile.Factors, Is.EqualTo(FactorType.Float32));
        }
        Assert.That(Split(Expanding with { C = 60 }), Is.Empty, "60 terms");
        Assert.That(Split(Expanding), Is.Not.Empty, "64 terms");
        Assert.That(ProductChoice.Candidates(32, 64, withLibrary: false, depth: 4096).Select(choice => $"{choice}"),
            Is.SupersetOf(new[] { "GEMM 32x32x16", "GEMM 64x64x32 3xtf32", "GEMM 64x64x32 async" }));
        Assert.That(ProductChoice.Candidates(32, 64, withLibrary: false).Select(choice => $"{choice}"), Has.None.Contains("3xtf32"));

        static bool IsSplit(string name) => name.EndsWith(" 3xtf32", StringComparison.Ordinal);

        static IEnumerable<string> Split(ConvolutionShape shape) =>
            ConvolutionChoice.Candidates(shape, 32, ConvolutionPass.Forward, withUnits: true).Select(choice => $"{choice}").Where(IsSplit);
    });

    /// <summary>Also checks the text of choices that is stored in files: a library has no tile.</summary>
    [Test]
    public void LibraryIsACandidateIfTheDeviceHasOne() => Assert.Multiple(() =>
    {
        foreach (ConvolutionPass pass in Enum.GetValues<ConvolutionPass>())
        {
            string[] Added(ConvolutionShape shape) =>
                [.. ConvolutionChoice.Candidates(shape, 32, pass, withLibrary: true).Except(ConvolutionChoice.Candidates(shape, 32, pass))
                    .Select(choice => choice.ToString())];
            Assert.That(Added(Early), Is.EqualTo(new[] { "im2col + cuBLAS" }), $"{pass}");
            Assert.That(Added(Expanding), Is.EqualTo(new[] { "cuBLAS" }), $"{pass}");
        }
        Assert.That(ProductChoice.Candidates(32, 10, withLibrary: true).Select(choice => choice.ToString()),
            Does.Contain("GEMM 32x32x16").And.Contain("cuBLAS").And.Unique);
        Assert.That(ProductChoice.Candidates(32, 10, withLibrary: false).Select(choice => choice.ToString()),
            Does.Not.Contain("cuBLAS").And.Contain($"{ProductChoice.For(32, 10, 4000)}"));
        Assert.That(new ConvolutionChoice(ConvolutionAlgorithm.ImplicitGemm, TileShape.Small).ToString(),
            Is.EqualTo("implicit GEMM 32x32x16"));
        Assert.That(() => new ForwardLaunches(Early, 1, new(ConvolutionAlgorithm.ImplicitGemm, default, ByLibrary: true)),
            Throws.ArgumentException.With.Message.Contains("Im2Col"));
        Assert.That(new ForwardLaunches(Expanding, 1, new(ConvolutionAlgorithm.Gemm, default, ByLibrary: true)).MomentRows, Is.Null,
            "a norm gathers its moments itself");
    });

    [Test]
    public void PlainProductIsRefusedForOverlappingWindows()
    {
        var choice = new ConvolutionChoice(ConvolutionAlgorithm.Gemm, TileShape.Small);
        Assert.Multiple(() =>
        {
            Assert.That(() => new ForwardLaunches(Early, 1, choice),
                Throws.ArgumentException.With.Message.Contains("1x1").And.Message.Contains("ImplicitGemm"));
            Assert.That(() => new InputGradientLaunches(Expanding with { StrideW = 2 }, 1, choice), Throws.ArgumentException);
            Assert.That(() => new FilterGradientLaunches(Expanding with { PadH = 1 }, 1, choice), Throws.ArgumentException);
        });
    }

    [Test]
    public void BatchTooLargeForKernelsIsRefused() => Assert.Multiple(() =>
    {
        Assert.That(() => new ForwardLaunches(Early, 10700),
            Throws.ArgumentException.With.Message.Contains("10700 images").And.Message.Contains("smaller batch"));
        Assert.That(() => new ForwardLaunches(Early, 10699), Throws.Nothing);
    });

    private static TileShape Tile(ConvolutionShape shape, int images) => ConvolutionChoice.For(shape, images, ConvolutionPass.Forward).Tile;
}
