using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Training;

namespace GpuCnn;

/// <content>Prediction.</content>
public sealed partial class Model
{
    /// <summary>Images of a batch, where a caller does not say.</summary>
    internal const int PredictionBatch = 32;

    /// <summary>Says what is on an image.</summary>
    /// <param name="file">Path of an image file.</param>
    /// <exception cref="GpuCnnException">The file cannot be read, or is a folder.</exception>
    public ImagePrediction Predict(string file) =>
        Directory.Exists(file)
            ? throw new GpuCnnException($"'{file}' is a folder, but one image was expected; {nameof(PredictFolder)} predicts all in it.")
            : Predict([file])[0];

    /// <summary>Says what is on images, in their order.</summary>
    /// <param name="files">Paths of image files.</param>
    /// <param name="skipped">Gets each file that cannot be read, which is left out; null throws at the first.</param>
    /// <exception cref="GpuCnnException">A file cannot be read, or weights or outputs are not finite.</exception>
    public IReadOnlyList<ImagePrediction> Predict(IReadOnlyList<string> files, Action<string, GpuCnnException>? skipped = null) =>
        [.. PredictEach(files, skipped)];

    /// <summary>
    /// Says what is on images, in their order, while later ones are still read: it holds three batches of images, however many files
    /// there are. The model may not be fitted or disposed of meanwhile.
    /// </summary>
    /// <param name="files">Paths of image files. They are asked for as they are read, from another thread.</param>
    /// <param name="skipped">Gets each file that cannot be read, which is left out; null throws at the first.</param>
    /// <param name="batch">Images that are computed together. It decides the time and the memory; results differ by rounding at most.
    /// </param>
    /// <exception cref="GpuCnnException">A file cannot be read, or weights or outputs are not finite.</exception>
    public IEnumerable<ImagePrediction> PredictEach(
        IEnumerable<string> files, Action<string, GpuCnnException>? skipped = null, int batch = PredictionBatch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        return Each();

        IEnumerable<ImagePrediction> Each()
        {
            ParameterStore parameters = FiniteStore();
            using var reader = new FileBatches(files, new ImagePreprocessor(Metadata), batch);
            Plan? plan = null;
            // Its images are computed while later ones are read.
            FileBatch? begun = null;
            try
            {
                while (true)
                {
                    // Predictions do not wait for files that are not there yet.
                    if (begun is not null && (plan!.MostPending == 1 || !reader.IsReady))
                    {
                        foreach (ImagePrediction prediction in End(plan, begun)) yield return prediction;
                        begun = null;
                    }
                    FileBatch? next = reader.Next();
                    if (next is { HasImages: true })
                    {
                        plan ??= new(parameters, InferenceOptions(next.Images.Capacity));
                        plan.BeginInference(next.Images);
                    }
                    if (begun is not null) foreach (ImagePrediction prediction in End(plan!, begun)) yield return prediction;
                    if (next is null) break;
                    next.Report(skipped);
                    begun = next.HasImages ? next : null;
                }
            }
            finally
            {
                plan?.Dispose();
            }
        }
    }

    /// <summary>
    /// Says what is on the images of a folder and of the folders in it, in the order of their paths, while later ones are still read.
    /// </summary>
    /// <inheritdoc cref="PredictEach"/>
    /// <exception cref="GpuCnnException">There is no such folder, or it has no images.</exception>
    public IEnumerable<ImagePrediction> PredictFolder(
        string folder, Action<string, GpuCnnException>? skipped = null, int batch = PredictionBatch) =>
        PredictEach(ImageFiles.Of(folder), skipped, batch);

    /// <summary>Says what is on a decoded image.</summary>
    public ImagePrediction Predict(PixelImage image) => Predict([image])[0];

    /// <summary>Says what is on decoded images, in their order.</summary>
    public IReadOnlyList<ImagePrediction> Predict(IReadOnlyList<PixelImage> images)
    {
        List<ImagePrediction> predictions = [];
        if (images.Count == 0) return predictions;
        var preprocessor = new ImagePreprocessor(Metadata);
        var batch = new Batch(Input, Math.Min(images.Count, PredictionBatch));
        using var plan = new Plan(FiniteStore(), InferenceOptions(batch.Capacity));
        for (int first = 0; first < images.Count; first += batch.Count)
        {
            batch.Count = Math.Min(batch.Capacity, images.Count - first);
            for (int place = 0; place < batch.Count; place++) preprocessor.Write(images[first + place], batch.Image(place));
            int before = first;
            predictions.AddRange(Infer(plan, batch, place => $"image {before + place + 1}"));
        }
        return predictions;
    }

    /// <summary>The network's raw output for an image file, in class order.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read.</exception>
    public IReadOnlyList<float> Logits(string file) => Predict(file).Logits;

    /// <summary>The network's raw output for a decoded image, in class order.</summary>
    public IReadOnlyList<float> Logits(PixelImage image) => Predict(image).Logits;

    /// <summary>Predicts the images of a batch, without those of label -1.</summary>
    /// <param name="nameOf">Names an image by its place in the batch.</param>
    private List<ImagePrediction> Infer(Plan plan, Batch batch, Func<int, string> nameOf)
    {
        plan.BeginInference(batch);
        return End(plan, batch, nameOf);
    }

    private PlanOptions InferenceOptions(int images) => new() { Images = images, Precision = Precision, UploadsAhead = true };

    private List<ImagePrediction> End(Plan plan, FileBatch batch) => End(plan, batch.Images, place => batch.Names[place]);

    /// <summary>Predicts the images of the oldest batch that was begun.</summary>
    private List<ImagePrediction> End(Plan plan, Batch batch, Func<int, string> nameOf)
    {
        int outputs = Classes.Count;
        var logits = new float[batch.Capacity * outputs];
        plan.EndInference(logits);
        FiniteOutputs.Check(plan.Parameters, batch, logits, nameOf, plan.Options.Precision);
        return
        [
            .. Enumerable.Range(0, batch.Count).Where(place => batch.Labels[place] >= 0)
                .Select(place => new ImagePrediction(nameOf(place), logits[(place * outputs)..((place + 1) * outputs)], Classes)),
        ];
    }
}
