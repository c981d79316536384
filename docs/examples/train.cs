using GpuCnn;

var images = ImageData.Demo();
using var model = Model.Create("smallcnn", images.Classes);
model.Fit(images, model.Defaults with { Epochs = 2 });
Console.WriteLine($"{model.Evaluate(images).Top1:P0} of the validation images are classified correctly");
