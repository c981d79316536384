using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Cli;
using NUnit.Framework;

namespace GpuCnn.Tests.Library;

/// <summary>Predictions of many files come batch by batch.</summary>
public sealed class StreamedPredictionTests
{
    private readonly TemporaryFolder _folder = new();
    private readonly CpuDevice _device = new(threads: 2);
    private string[] _files = [];

    [OneTimeSetUp]
    public void Prepare()
    {
        TinyData.Write(_folder);
        _files = [.. Directory.GetFiles(_folder["data"], "*.png", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
    }

    [OneTimeTearDown]
    public void Remove()
    {
        Assert.That(_device.AllocatedBytes, Is.Zero, "bytes of models and plans");
        _device.Dispose();
        _folder.Dispose();
    }

    /// <summary>Algorithms follow from the batch, so that sums are added in another order: 2E-5 of the largest logit is allowed.</summary>
    [Test]
    public void EveryBatchGivesThePredictionsOfOneByOne(
        [Values("smallcnn", "resnet20", "mobilenet-v1")] string architecture, [Values(1, 2, 7, 32, 100)] int batch)
    {
        using Model model = New(architecture, side: 32);
        ImagePrediction[] expected = [.. _files.Select(model.Predict)];
        ImagePrediction[] all = [.. model.PredictEach(_files, batch: batch)];
        Assert.That(all.Select(prediction => prediction.Name), Is.EqualTo(_files));
        double tolerance = 2e-5 * expected.Max(prediction => prediction.Logits.Max(MathF.Abs));
        for (int i = 0; i < all.Length; i++)
            Assert.That(all[i].Logits, Is.EqualTo(expected[i].Logits).Within(batch == 1 ? 0 : tolerance), _files[i]);
        ImagePrediction[] again = [.. model.PredictEach(_files, batch: batch)];
        Assert.That(again.SelectMany(prediction => prediction.Logits), Is.EqualTo(all.SelectMany(prediction => prediction.Logits)));
    }

    [Test]
    public void NamesAreAskedForNoFurtherThanTwoBatchesAhead()
    {
        using Model model = New();
        int asked = 0, seen = 0;
        foreach (ImagePrediction prediction in model.PredictEach(Endless(), batch: 4))
        {
            Assert.That(prediction.Name, Is.EqualTo(_files[seen % _files.Length]));
            Assert.That(Volatile.Read(ref asked), Is.LessThanOrEqualTo(seen / 4 * 4 + 8));
            if (++seen == 30) break;
        }

        IEnumerable<string> Endless()
        {
            while (true) yield return _files[(Interlocked.Increment(ref asked) - 1) % _files.Length];
        }
    }

    /// <summary>The next name is only waited for once all results of a batch are out, and not after a caller has left.</summary>
    [Test, CancelAfter(60_000)]
    public void ResultsDoNotWaitForTheNamesOfTheNextBatch()
    {
        using Model model = New();
        using ManualResetEventSlim more = new();
        using (IEnumerator<ImagePrediction> predictions = model.PredictEach(Slow(), batch: 3).GetEnumerator())
        {
            for (int i = 0; i < 3; i++)
            {
                Assert.That(predictions.MoveNext());
                Assert.That(predictions.Current.Name, Is.EqualTo(_files[i]));
            }
        }
        more.Set();

        IEnumerable<string> Slow()
        {
            foreach (string file in _files.Take(3)) yield return file;
            more.Wait();
            yield return _files[3];
        }
    }

    [Test]
    public void FilesThatCannotBeReadAreSkippedWhereverTheyAre([Values(1, 3, 4, 32)] int batch)
    {
        using Model model = New();
        string bad = _folder.Add("no picture"u8.ToArray(), "bad.png"), missing = _folder["missing.png"];
        string[] files = [bad, _files[0], missing, bad, missing, bad, _files[1], _files[2], bad];
        List<string> skipped = [];
        ImagePrediction[] predictions = [.. model.PredictEach(files, (file, _) => skipped.Add(file), batch)];
        Assert.That(predictions.Select(prediction => prediction.Name), Is.EqualTo(_files[..3]));
        Assert.That(skipped, Is.EqualTo(new[] { bad, missing, bad, missing, bad, bad }));
        double tolerance = 2e-5 * predictions.Max(prediction => prediction.Logits.Max(MathF.Abs));
        foreach (ImagePrediction prediction in predictions)
            Assert.That(prediction.Logits, Is.EqualTo(model.Predict(prediction.Name).Logits).Within(tolerance));
        Assert.That(model.PredictEach([bad, missing], (_, _) => { }, batch), Is.Empty);
        Assert.That(model.PredictEach([], batch: batch), Is.Empty);
        OneLine.Thrown(() => model.PredictEach(files, batch: batch).Count(), "bad.png");
    }

    private Model New(string architecture = "smallcnn", int side = 16) =>
        Model.Create(architecture, TinyData.Classes, _device, Shape.Volume(3, side, side));
}
