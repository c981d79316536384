using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Onnx;

/// <summary>Compares what ONNX Runtime makes of an exported model with what the model gives itself.</summary>
internal static class OnnxComparison
{
    private const int Images = 3;

    /// <summary>Part of the largest logit that a logit may differ by.</summary>
    private const double Tolerance = 1e-5;

    /// <summary>Gives every parameter values that matter: batch norms, too, with statistics as after training.</summary>
    public static void Randomize(Model model, int seed = 1)
    {
        var random = new Random(seed);
        ParameterStore store = model.Store();
        store.Initialize((ulong)seed);
        foreach (Parameter parameter in store.Network.Parameters)
        {
            string name = parameter.Spec.Name;
            if (name == "weight" && parameter.Spec.Dimensions.Count > 1) continue;
            var tensor = new Engine.Tensors.Tensor([.. parameter.Spec.Dimensions]);
            for (int i = 0; i < tensor.Values.Length; i++)
                tensor.Values[i] = name is "weight" or "running_var" ? 0.5f + random.NextSingle() : 0.4f * random.NextSingle() - 0.2f;
            store.SetWeights(parameter, tensor);
        }
    }

    /// <summary>Exports a model, checks the file, and compares the logits of batches of 1 and 3.</summary>
    public static OnnxFile Check(Model model, bool fold = true)
    {
        using TemporaryFolder folder = new();
        string path = folder["model.onnx"];
        model.SaveOnnx(path, fold);
        using SessionOptions options = new() { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        // A warning about the model is a fault of it.
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_WARNING;
        using (InferenceSession session = new(path, options))
        {
            Batch batch = RandomBatch(model.Input);
            float[] expected = Logits(model, batch);
            double largest = expected.Max(Math.Abs);
            Assert.That(largest, Is.GreaterThan(0).And.LessThan(1e30), "logits that say something");
            foreach (int images in new[] { Images, 1 })
            {
                float[] actual = Run(session, batch, images);
                Assert.That(actual, Has.Length.EqualTo(images * model.Classes.Count));
                for (int i = 0; i < actual.Length; i++)
                    Assert.That(actual[i], Is.EqualTo(expected[i]).Within(Tolerance * largest), $"logit {i} of a batch of {images}");
            }
            Assert.That(session.ModelMetadata.CustomMetadataMap["model"], Is.EqualTo(model.Name));
        }
        return OnnxFile.Read(path);
    }

    private static Batch RandomBatch(Shape input)
    {
        var random = new Random(5);
        var batch = new Batch(input, Images) { Count = Images };
        for (int i = 0; i < batch.Images.Length; i++) batch.Images[i] = 2 * random.NextSingle() - 1;
        return batch;
    }

    private static float[] Logits(Model model, Batch batch)
    {
        using var plan = new Plan(model.Store(), new() { Images = Images });
        var logits = new float[Images * model.Classes.Count];
        plan.Infer(batch);
        plan.ReadOutput(logits);
        return logits;
    }

    /// <summary>Gives the runtime the images channels first.</summary>
    private static float[] Run(InferenceSession session, Batch batch, int images)
    {
        Shape shape = batch.Shape;
        var values = new float[images * shape.Count];
        for (int image = 0; image < images; image++)
            for (int pixel = 0; pixel < shape.Area; pixel++)
                for (int channel = 0; channel < shape.Channels; channel++)
                    values[(image * shape.Channels + channel) * shape.Area + pixel] =
                        batch.Image(image)[pixel * shape.Channels + channel];
        var tensor = new DenseTensor<float>(values, [images, .. shape.Dimensions]);
        using var results = session.Run([NamedOnnxValue.CreateFromTensor("input", tensor)], ["output"]);
        return [.. results[0].AsTensor<float>()];
    }
}
