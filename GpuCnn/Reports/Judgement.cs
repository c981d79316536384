using GpuCnn.Engine.Training;

namespace GpuCnn.Reports;

/// <summary>What a network says of an image.</summary>
/// <param name="Image">Place in the data set.</param>
/// <param name="Probability">Of the predicted class.</param>
/// <param name="Likeliest">Up to five classes, the likeliest first.</param>
internal readonly record struct JudgedImage(int Image, int Label, double Probability, int[] Likeliest)
{
    public int Prediction => Likeliest[0];

    public bool IsRight => Prediction == Label;
}

/// <summary>What a network says of all images of a data set, and what follows from it.</summary>
/// <param name="classes">Names in index order.</param>
internal sealed class Judgement(IReadOnlyList<string> classes)
{
    private const int Most = 5;

    private readonly List<JudgedImage> _images = [];

    public IReadOnlyList<string> Classes => classes;

    public ConfusionMatrix Matrix { get; } = new(classes.Count);

    /// <summary>In the order they were judged.</summary>
    public IReadOnlyList<JudgedImage> Images => _images;

    /// <summary>Takes an image in: an <see cref="ImageJudged"/>. Of equally probable classes the first comes first.</summary>
    public void Add(int image, int label, ReadOnlySpan<double> probabilities)
    {
        int[] likeliest = new int[Math.Min(Most, probabilities.Length)];
        int count = 0;
        for (int k = 0; k < probabilities.Length; k++)
        {
            if (count == likeliest.Length && probabilities[k] <= probabilities[likeliest[^1]]) continue;
            int place = count < likeliest.Length ? count++ : count - 1;
            for (; place > 0 && probabilities[k] > probabilities[likeliest[place - 1]]; place--) likeliest[place] = likeliest[place - 1];
            likeliest[place] = k;
        }
        _images.Add(new(image, label, probabilities[likeliest[0]], likeliest));
        Matrix.Add(label, likeliest[0]);
    }

    /// <summary>Share of the images whose label is among the five likeliest classes.</summary>
    public double Top5 => _images.Count == 0 ? 0 : (double)_images.Count(image => image.Likeliest.Contains(image.Label)) / _images.Count;

    /// <summary>Images that were wrong, the most confident first.</summary>
    public IEnumerable<JudgedImage> Mistakes => _images.Where(image => !image.IsRight).OrderByDescending(image => image.Probability)
        .ThenBy(image => image.Image);

    /// <summary>Classes with their quality: those with images first, the lowest F1 first.</summary>
    public IEnumerable<(int Class, ClassQuality Quality)> WorstFirst() => Enumerable.Range(0, classes.Count)
        .Select(label => (Class: label, Quality: Matrix.Of(label))).OrderBy(row => row.Quality.Support == 0)
        .ThenBy(row => row.Quality.F1).ThenByDescending(row => row.Quality.Support).ThenBy(row => row.Class);

    /// <summary>Pairs of a label and a wrong prediction, the most frequent first.</summary>
    public IEnumerable<(int Label, int Prediction, long Count)> Confusions() => Matrix.Pairs
        .Where(pair => pair.Label != pair.Prediction).OrderByDescending(pair => pair.Count).ThenBy(pair => pair.Label)
        .ThenBy(pair => pair.Prediction);
}
