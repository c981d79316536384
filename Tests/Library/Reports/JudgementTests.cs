using GpuCnn.Data;
using GpuCnn.Reports;
using NUnit.Framework;

namespace GpuCnn.Tests.Library.Reports;

public sealed class JudgementTests
{
    private static readonly string[] Odd = ["plain", "a,b", "say \"x\"", "two\nlines", "<b>&amp;</b>", "=1+1", "ünï"];

    [Test]
    public void LikeliestClassesAreInOrderAndTheFirstOfEqualOnesWins()
    {
        Judgement judgement = new(["a", "b", "c", "d", "e", "f", "g"]);
        judgement.Add(3, 2, [0.1, 0.3, 0.3, 0.05, 0.15, 0.06, 0.04]);
        judgement.Add(4, 6, [1.0 / 7, 1.0 / 7, 1.0 / 7, 1.0 / 7, 1.0 / 7, 1.0 / 7, 1.0 / 7]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(judgement.Images[0].Likeliest, Is.EqualTo((int[])[1, 2, 4, 0, 5]));
            Assert.That(judgement.Images[1].Likeliest, Is.EqualTo((int[])[0, 1, 2, 3, 4]));
            Assert.That(judgement.Top5, Is.EqualTo(0.5));
            Assert.That(judgement.Matrix[2, 1], Is.EqualTo(1));
        }
    }

    [Test]
    public void MistakesAndConfusionsAreSorted()
    {
        Judgement judgement = new(["a", "b", "c"]);
        judgement.Add(0, 0, [0.4, 0.6, 0]);
        judgement.Add(1, 0, [0.1, 0.9, 0]);
        judgement.Add(2, 2, [0.7, 0.1, 0.2]);
        judgement.Add(3, 1, [0, 1, 0]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(judgement.Mistakes.Select(image => image.Image), Is.EqualTo((int[])[1, 2, 0]));
            Assert.That(judgement.Confusions(), Is.EqualTo(((int, int, long)[])[(0, 1, 2), (2, 0, 1)]));
            Assert.That(judgement.WorstFirst().Select(row => row.Class), Is.EqualTo((int[])[0, 2, 1]));
        }
    }

    [Test]
    public void NamesComeBackFromCsvAsTheyWere()
    {
        using TemporaryFolder folder = new();
        Judgement judgement = new(Odd);
        for (int i = 0; i < Odd.Length; i++)
            judgement.Add(i, i, [.. Odd.Select((_, k) => k == (i + 1) % Odd.Length ? 0.7 : 0.3 / (Odd.Length - 1))]);
        JudgementFiles.SavePredictions(folder["p.csv"], judgement, image => Odd[image] + ".png");
        JudgementFiles.SaveConfusion(folder["c.csv"], judgement);
        IReadOnlyList<string>[] rows = [.. CsvText.Rows(File.ReadAllText(folder["p.csv"]))],
            matrix = [.. CsvText.Rows(File.ReadAllText(folder["c.csv"]))];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(rows[0], Is.EqualTo("file,label,prediction,probability,top1,top2,top3,top4,top5".Split(',')));
            Assert.That(rows.Skip(1).Select(row => row[0]), Is.EqualTo(Odd.Select(name => name + ".png")));
            Assert.That(rows.Skip(1).Select(row => row[1]), Is.EqualTo(Odd));
            Assert.That(rows.Skip(1).Select(row => row[2]), Is.EqualTo(Odd.Skip(1).Append(Odd[0])));
            Assert.That(rows.Skip(1).Select(row => row[3]), Has.All.EqualTo("0.700000"));
            Assert.That(matrix[0], Is.EqualTo(Odd.Prepend("label")));
            Assert.That(matrix.Skip(1).Select(row => row[0]), Is.EqualTo(Odd));
            for (int i = 0; i < Odd.Length; i++)
                Assert.That(matrix[i + 1].Skip(1), Is.EqualTo(Odd.Select((_, k) => k == (i + 1) % Odd.Length ? "1" : "0")));
        }
    }

    /// <summary>A page about a thousand classes stays small.</summary>
    [Test]
    public void ThousandClassesFitInAPage()
    {
        Random random = new(5);
        Judgement judgement = new([.. Enumerable.Range(0, 1000).Select(i => $"a class with a long name, number {i}")]);
        double[] probabilities = new double[1000];
        for (int image = 0; image < 20_000; image++)
        {
            int predicted = random.Next(1000);
            probabilities[predicted] = 1;
            judgement.Add(image, random.Next(1000), probabilities);
            probabilities[predicted] = 0;
        }
        byte[] noise = new byte[200 * 200 * 3];
        random.NextBytes(noise);
        var split = new MemorySplit("noise", judgement.Classes, new int[20_000],
            [.. Enumerable.Repeat(new PixelImage(200, 200, 3, noise), 20_000)], "noise");
        string page = EvaluationPage.Of("A thousand classes", new(0, 0, 7, 20_000, 1), judgement, split, [("Model", "none")]).ToString();
        Assert.That(page, Has.Length.InRange(200_000, 2_000_000));
    }
}
