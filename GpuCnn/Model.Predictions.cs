using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Training;

namespace GpuCnn;

/// <content>Prediction.</content>
public sealed partial class Model
{
    private const int PredictionBatch = 32;

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
    /// <exception cref="GpuCnnException">A file cannot be read.</exception>
    public IReadOnlyList<ImagePrediction> Predict(IReadOnlyList<string> files, Action<string, GpuCnnException>? skipped = null)
    {
        var preprocessor = new ImagePreprocessor(Metadata);
        return Predict(files.Count, index => files[index], (index, target) =>
        {
            try
            {
                preprocessor.Read(files[index], target);
                return true;
            }
            catch (GpuCnnException exception) when (skipped is not null)
            {
                skipped(files[index], exception);
                return false;
            }
        });
    }

    /// <summary>Says what is on the images of a folder and of the folders in it, in the order of their names.</summary>
    /// <inheritdoc cref="Predict(IReadOnlyList{string}, Action{string, GpuCnnException}?)"/>
    /// <exception cref="GpuCnnException">There is no such folder, or it has no images.</exception>
    public IReadOnlyList<ImagePrediction> PredictFolder(string folder, Action<string, GpuCnnException>? skipped = null)
    {
        if (!Directory.Exists(folder)) throw new GpuCnnException($"'{folder}' is no folder of images; check the path.");
        string[] files = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(ImageFile.HasReadableExtension).Order(StringComparer.Ordinal)];
        return files.Length > 0 ? Predict(files, skipped)
            : throw new GpuCnnException($"'{folder}' holds no images; expected some of {ImageFile.ReadableFormats}.");
    }

    /// <summary>Says what is on a decoded image.</summary>
    public ImagePrediction Predict(PixelImage image) => Predict([image])[0];

    /// <summary>Says what is on decoded images, in their order.</summary>
    public IReadOnlyList<ImagePrediction> Predict(IReadOnlyList<PixelImage> images)
    {
        var preprocessor = new ImagePreprocessor(Metadata);
        return Predict(images.Count, index => $"image {index + 1}", (index, target) =>
        {
            preprocessor.Write(images[index], target);
            return true;
        });
    }

    /// <summary>The network's raw output for an image file, in class order.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read.</exception>
    public IReadOnlyList<float> Logits(string file) => Predict(file).Logits;

    /// <summary>The network's raw output for a decoded image, in class order.</summary>
    public IReadOnlyList<float> Logits(PixelImage image) => Predict(image).Logits;

    /// <param name="read">Writes an image to a place of a batch; false leaves it out.</param>
    private List<ImagePrediction> Predict(int count, Func<int, string> name, ReadImage read)
    {
        List<ImagePrediction> predictions = [];
        if (count == 0) return predictions;
        int size = Math.Min(count, PredictionBatch), outputs = Classes.Count;
        using var plan = new Plan(FiniteStore(), new() { Images = size });
        var batch = new Batch(Input, size);
        var logits = new float[size * outputs];
        List<int> held = [];
        for (int index = 0; index < count; index++)
        {
            if (read(index, batch.Image(held.Count))) held.Add(index);
            if (held.Count < size && index + 1 < count || held.Count == 0) continue;
            batch.Count = held.Count;
            plan.Infer(batch);
            plan.ReadOutput(logits);
            FiniteOutputs.Check(plan.Parameters, batch, logits, place => name(held[place]));
            predictions.AddRange(held.Select((image, place) =>
                new ImagePrediction(name(image), logits[(place * outputs)..((place + 1) * outputs)], Classes)));
            held.Clear();
        }
        return predictions;
    }

    private delegate bool ReadImage(int index, Span<float> target);
}
