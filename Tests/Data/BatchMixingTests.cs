using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class BatchMixingTests
{
    private const int Images = 5;
    private static readonly Shape Input = Shape.Volume(2, 6, 8);

    [Test]
    public void MixupBlendsEachImageWithTheOneBefore()
    {
        for (long step = 0; step < 20; step++)
        {
            Batch before = Make(), batch = Make();
            new BatchMixing(0.7, 0).Apply(batch, 3, step, new float[Input.Count]);
            float share = batch.Shares[0];
            Assert.That(batch.Shares, Is.All.EqualTo(share));
            Assert.That(share, Is.InRange(0f, 1f));
            for (int i = 0; i < Images; i++)
            {
                int other = (i + Images - 1) % Images;
                Assert.That((batch.Labels[i], batch.Others[i]), Is.EqualTo((before.Labels[i], before.Labels[other])));
                for (int k = 0; k < Input.Count; k++)
                    Assert.That(batch.Image(i)[k], Is.EqualTo(share * before.Image(i)[k] + (1 - share) * before.Image(other)[k])
                        .Within(1e-4));
            }
        }
    }

    [Test]
    public void CutMixCopiesABoxOfTheImageBefore()
    {
        HashSet<float> shares = [];
        for (long step = 0; step < 50; step++)
        {
            Batch before = Make(), batch = Make();
            new BatchMixing(0, 1).Apply(batch, 3, step, new float[Input.Count]);
            shares.Add(batch.Shares[0]);
            for (int i = 0; i < Images; i++)
            {
                int other = (i + Images - 1) % Images;
                List<(int Row, int Column, int Channel)> replaced = [];
                for (int k = 0; k < Input.Count; k++)
                {
                    if (batch.Image(i)[k] == before.Image(i)[k]) continue;
                    Assert.That(batch.Image(i)[k], Is.EqualTo(before.Image(other)[k]));
                    int pixel = k / Input.Channels;
                    replaced.Add((pixel / Input.Width, pixel % Input.Width, k % Input.Channels));
                }
                Assert.That(batch.Shares[i], Is.EqualTo(1 - (double)replaced.Count / Input.Count).Within(1e-6),
                    "the share is not the remaining area");
                if (replaced.Count == 0) continue;
                int rows = replaced.Max(at => at.Row) - replaced.Min(at => at.Row) + 1;
                int columns = replaced.Max(at => at.Column) - replaced.Min(at => at.Column) + 1;
                Assert.That(replaced, Has.Count.EqualTo(rows * columns * Input.Channels), "not a rectangle of whole pixels");
            }
        }
        Assert.That(shares, Has.Count.GreaterThan(10));
    }

    [Test]
    public void EachBatchUsesMixupOrCutMix()
    {
        int blended = 0;
        for (long step = 0; step < 200; step++)
        {
            Batch before = Make(), batch = Make();
            new BatchMixing(1, 1).Apply(batch, 3, step, new float[Input.Count]);
            bool isCut = batch.Image(0).ToArray().Zip(before.Image(0).ToArray(), before.Image(Images - 1).ToArray()).All(value =>
                value.First == value.Second || value.First == value.Third);
            if (!isCut) blended++;
        }
        Assert.That(blended, Is.InRange(70, 130));
    }

    /// <summary>Mean 1/2 and variance 1 / (4 (2 alpha + 1)).</summary>
    [TestCase(0.1)]
    [TestCase(0.2)]
    [TestCase(1)]
    [TestCase(4)]
    [TestCase(100)]
    public void SharesFollowTheBetaDistribution(double alpha)
    {
        const int Draws = 40_000;
        double sum = 0, squares = 0;
        RandomStream random = new(1, 2, 3);
        for (int i = 0; i < Draws; i++)
        {
            double value = random.NextBeta(alpha);
            Assert.That(value, Is.InRange(0, 1));
            sum += value;
            squares += value * value;
        }
        double mean = sum / Draws, variance = squares / Draws - mean * mean, expected = 1 / (4 * (2 * alpha + 1));
        Assert.That(mean, Is.EqualTo(0.5).Within(5 * Math.Sqrt(expected / Draws)));
        Assert.That(variance, Is.EqualTo(expected).Within(0.03 * expected));
    }

    [Test]
    public void NormalNumbersAreNormal()
    {
        const int Draws = 40_000;
        double sum = 0, squares = 0, fourths = 0;
        RandomStream random = new(1, 2, 4);
        for (int i = 0; i < Draws; i++)
        {
            double value = random.NextNormal();
            sum += value;
            squares += value * value;
            fourths += value * value * value * value;
        }
        Assert.That(sum / Draws, Is.Zero.Within(0.025));
        Assert.That(squares / Draws, Is.EqualTo(1).Within(0.035));
        Assert.That(fourths / Draws, Is.EqualTo(3).Within(0.25));
    }

    [Test]
    public void AlphasOutOfRangeGiveOneLineErrors()
    {
        OneLine.Thrown(() => _ = new BatchMixing(-1, 0), "0 to 100", "-1");
        OneLine.Thrown(() => _ = new BatchMixing(0, double.NaN), "0 to 100", "NaN");
        OneLine.Thrown(() => _ = new BatchMixing(0, 0), "above 0");
        OneLine.Thrown(() => new TrainingSettings { Loss = new HingeLoss(), Mixup = 1 }.Check(), "cross-entropy", "hinge");
    }

    private static Batch Make()
    {
        Batch batch = new(Input, Images) { Count = Images };
        Random random = new(1);
        for (int i = 0; i < batch.Images.Length; i++) batch.Images[i] = i + random.NextSingle();
        for (int i = 0; i < Images; i++) batch.Labels[i] = i;
        return batch;
    }
}
